// SPDX-License-Identifier: Apache-2.0
import { TRANSPORT, type Transaction } from './contract.ts';
import type { EndpointControl } from './endpoint.ts';

/** How to ping. */
export interface PingOptions {
  readonly count: number;
  /** Bytes of a probe, each way; the endpoint's quota at most. */
  readonly size: number;
  /** Poll for the answers, so that no time is spent on waking up. The thread does nothing else meanwhile. */
  readonly polled: boolean;
  /** No probe is sent after so many milliseconds, and no answer waited for. */
  readonly limit: number;
}

/** Round trips, as ping(8) sums them up. Times in milliseconds. */
export interface PingResult {
  readonly transmitted: number;
  readonly answered: number;
  /** From the first probe to the end. */
  readonly time: number;
  /** Absent when nothing was answered. */
  readonly rtt?: RoundTrips;
}

export interface RoundTrips {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  /** Standard deviation. */
  readonly mdev: number;
  readonly p50: number;
  readonly p99: number;
}

/**
 * Measures round trips to the peer's endpoint core, one after another, in this thread and the peer's alone; neither client
 * takes part. Ends early when the connection does.
 */
export async function pingPeer(endpoint: EndpointControl, options: PingOptions): Promise<PingResult> {
  const probe = endpoint.probe();
  probe.parametersLength = options.size;
  const times: number[] = [];
  const start = performance.now();
  const transmitted = options.polled
    ? poll(endpoint, probe, options, times)
    : await new Promise<number>((resolve) => exchange(endpoint, probe, options, times, resolve));
  const time = performance.now() - start;
  return { transmitted, answered: times.length, time, ...(times.length > 0 && { rtt: roundTrips(times) }) };
}

/** Exchanges probes and notes each round trip in `times`. @returns how many were sent */
function poll(endpoint: EndpointControl, probe: Transaction, { count, limit }: PingOptions, times: number[]): number {
  const end = performance.now() + limit;
  let transmitted = 0;
  for (let now = performance.now(); transmitted < count && now < end; ) {
    transmitted++;
    const sent = now;
    const transport = endpoint.callPolled(probe, end - sent);
    now = performance.now();
    if (transport !== TRANSPORT.ok) break;
    times.push(now - sent);
  }
  return transmitted;
}

/** The same without polling: one answer's completion sends the next probe. @param done told how many were sent */
function exchange(
  endpoint: EndpointControl,
  probe: Transaction,
  { count, limit }: PingOptions,
  times: number[],
  done: (transmitted: number) => void,
): void {
  let transmitted = 0;
  let sent = 0;
  let over = false;
  const timer = setTimeout(finish, limit);

  function finish(): void {
    over = true;
    clearTimeout(timer);
    done(transmitted);
  }

  function send(): void {
    transmitted++;
    sent = performance.now();
    endpoint.submit(probe, onAnswer);
  }

  function onAnswer(): void {
    if (over) return;
    const answered = probe.transport === TRANSPORT.ok;
    if (answered) times.push(performance.now() - sent);
    if (answered && transmitted < count) send();
    else finish();
  }

  send();
}

/** @param times at least one; sorted in place */
function roundTrips(times: number[]): RoundTrips {
  times.sort((a, b) => a - b);
  const avg = times.reduce((sum, time) => sum + time, 0) / times.length;
  const variance = times.reduce((sum, time) => sum + (time - avg) ** 2, 0) / times.length;
  const part = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))]!;
  return { min: times[0]!, avg, max: times.at(-1)!, mdev: Math.sqrt(variance), p50: part(0.5), p99: part(0.99) };
}
