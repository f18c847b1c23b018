// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { noSuchDomain, XmError } from '../errors.ts';
import type { XendClient } from '../xend/client.ts';
import type { DomainInfo } from '../xend/contract.ts';
import { CONDITIONS, CONNECTED, type DomainEnd, goalOf, MAY_COME, type Verdict, type WaitView } from './conditions.ts';
import type { EventItem } from './events.ts';

/** What xend says of a domain that there is not, or that is only managed. */
const NOT_THERE: ReadonlySet<string> = new Set(['ENODOMAIN', 'ENOTSTARTED']);
/** Phases in which a life has ended, and the events that tell of them. */
const ENDS: ReadonlySet<string> = new Set(['shutdown', 'crashed']);
/** Longest wait for how things are, beside the time that was given, milliseconds. */
const FIRST_LOOK = 5000;

/** What `xm wait` was asked. */
export interface WaitRequest {
  readonly domain: string;
  /** One of {@link CONDITIONS}. */
  readonly condition: string;
  /** Of endpoints, the only address that is meant. */
  readonly address?: string | undefined;
  /** Seconds; absent: for ever. */
  readonly timeout?: number | undefined;
}

/** How a wait ended well. */
export interface WaitResult {
  /** The domain as it is then; absent if it has gone. */
  readonly domain?: DomainInfo;
  /** Why it ended, if it has. */
  readonly reason?: string;
  /** Seconds. */
  readonly waited: number;
}

/**
 * Waits until a condition holds. xend's events say when to look; what is looked at is how things are, so nothing can be missed.
 *
 * @param clientWith makes the client, all of whose connections end with the signal
 * @throws XmError `ETIMEOUT` (exit status 124), `ENEVER` when the condition cannot come any more, `ENODOMAIN` (exit status 3)
 *   for a domain that there is not, unless the condition is one that it may still meet; what the client throws
 */
export async function waitFor(
  clientWith: (signal: AbortSignal) => XendClient,
  { domain: word, condition, address, timeout }: WaitRequest,
): Promise<WaitResult> {
  const judge = CONDITIONS[condition]!;
  const start = performance.now();
  const end = new AbortController();
  const xend = clientWith(end.signal);
  const looked = Promise.withResolvers<void>();
  let view: WaitView | undefined;

  async function look(): Promise<Verdict> {
    // A domain that is renamed is the same, and so is one that is restarted.
    const again = view?.first && (await find(xend, view.first.uuid));
    const { now, devices } = again ?? (await find(xend, word)) ?? { now: undefined, devices: [] };
    const endpoints = now === undefined || condition !== 'endpoint' ? [] : await endpointsOf(xend, now, address);
    const first = view?.first ?? now;
    view = { now, first, devices, endpoints, ended: first && (await endOf(xend, first, now)) };
    const verdict = judge(view);
    const mayCome = MAY_COME.has(condition) && !/^\d+$/.test(word);
    if (verdict === 'open' && first === undefined && !mayCome) throw noSuchDomain(word);
    return verdict;
  }

  function concerns({ domid, domain, details }: Exclude<EventItem, { readonly lost: number }>): boolean {
    return domid === view?.now?.domid || [domain, String(domid), details.uuid].includes(word);
  }

  async function watch(): Promise<WaitResult> {
    for await (const frame of xend.follow('/events')) {
      const item: EventItem | null = JSON.parse(frame);
      if (item !== null && 'seq' in item && !concerns(item)) continue;
      const verdict = await look();
      if (verdict === 'met') {
        const waited = Math.round(performance.now() - start) / 1000;
        const { now, ended } = view ?? {};
        return { ...(now && { domain: now }), ...(ended && { reason: ended.reason }), waited };
      }
      if (verdict !== 'open')
        throw new XmError('ENEVER', `Domain '${word}' will not be ${goalOf(condition, address)}: ${verdict.never}`);
      looked.resolve();
    }
    throw new XmError('EXENDDIED', 'xend ended while it was waited for.');
  }

  async function limit(seconds: number): Promise<never> {
    await sleep(seconds * 1000, undefined, { signal: end.signal });
    // However short the time is, there is one look, if xend answers at all.
    await Promise.race([looked.promise, sleep(FIRST_LOOK, undefined, { signal: end.signal })]);
    const text = `Domain '${word}' was not ${goalOf(condition, address)} within ${seconds} s: ${describe(view)}`;
    throw new XmError('ETIMEOUT', text);
  }

  try {
    return await Promise.race([watch(), ...(timeout === undefined ? [] : [limit(timeout)])]);
  } finally {
    // What is left of the race fails now, and nobody hears it.
    end.abort();
  }
}

/** How things are with a domain, if there is one. */
async function find(xend: XendClient, word: string): Promise<Pick<WaitView, 'now' | 'devices'> | undefined> {
  try {
    const [now] = await xend.call('domain.list', { names: [word] });
    return { now, ...(await xend.call('device.list', { domain: word })) };
  } catch (error) {
    if (error instanceof XmError && NOT_THERE.has(error.code)) return undefined;
    throw error;
  }
}

/** The endpoints of a domain: all, or those at an address. */
async function endpointsOf(xend: XendClient, { domid }: DomainInfo, address: string | undefined) {
  const { endpoints } = await xend.call('idc.list', {});
  return endpoints.filter((one) => one.domid === domid && [undefined, one.address].includes(address));
}

/** How a life ended, if it has. A domain that comes again has another number. */
async function endOf(
  xend: XendClient,
  { domid }: DomainInfo,
  now: DomainInfo | undefined,
): Promise<DomainEnd | undefined> {
  const { phase = '', shutdownReason: reason = 'unknown' } = now ?? {};
  if (now?.domid === domid) return ENDS.has(phase) ? { phase, reason } : undefined;
  const told = ['gone', ...ENDS].map((event) => `event=${event}`);
  const { events } = await xend.call('events.read', { filters: [`domid=${domid}`, ...told] });
  const crashed = events.some(({ event }) => event === 'crashed');
  return { phase: crashed ? 'crashed' : 'shutdown', reason: String(events.at(-1)?.details.reason ?? 'unknown') };
}

function describe(view: WaitView | undefined): string {
  if (view === undefined) return 'xend does not answer';
  const { now, devices, endpoints } = view;
  if (now === undefined) return 'there is no such domain';
  const open = devices.filter(({ state }) => state !== CONNECTED).map(({ name, state }) => `${name} in state ${state}`);
  const apart = endpoints.map(({ address, state }) => `endpoint ${address} is ${state}`);
  return [`it is ${now.phase}`, ...open, ...apart].join(', ');
}
