// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { EVTCHN_STATUS, HypercallError } from '../../src/hv/contract.ts';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import type { Task } from './hv-programs.ts';
import { WORD, type Words } from './hv-words.ts';

/** Domains that churn together: 1, 2 and 3. */
export const CHURNERS = 3;

/** Offers that each takes at least: whose offer meets whose is chance, so the rounds go on until that many did. */
const BOUND_AT_LEAST = 101;

/** What a domain found when all was quiet. */
export interface ChurnReport {
  /** Each port left: its number, status, partner's domid and partner's port, 0 where there is none. */
  readonly ports: readonly (readonly [number, number, number, number])[];
  /** Ports that are bound and heard nothing, or heard something and are not bound. */
  readonly wrong: readonly number[];
  /** Things that happened in the churn, by name. */
  readonly counts: Readonly<Record<string, number>>;
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % below;
  };
}

/** Waits until all have come here; `stage` counts from 1. */
async function meet(words: Words, stage: number): Promise<void> {
  Atomics.add(words, WORD.arrived, 1);
  while (Atomics.load(words, WORD.arrived) < stage * CHURNERS) await delay(1);
}

/** Opens, binds, closes and sends at random against two others who do the same, then looks whether what is left is sound. */
export async function churn({ domid, evtchn }: HypercallClient, task: Task): Promise<ChurnReport> {
  const { words, rounds, seed = 1 } = task;
  const pick = random(seed * 7919);
  const own: number[] = [];
  const counts: Record<string, number> = {};
  const slot = (from: number, to: number): number => WORD.mailbox + 4 * from + to;

  async function open(peer: number): Promise<void> {
    const port = await evtchn.allocUnbound(peer);
    own.push(port);
    Atomics.store(words, slot(domid, peer), port);
  }

  async function bind(peer: number): Promise<void> {
    const offered = Atomics.exchange(words, slot(peer, domid), 0);
    if (offered === 0) return;
    try {
      own.push(await evtchn.bindInterdomain(peer, offered));
      counts.bound = (counts.bound ?? 0) + 1;
      if (counts.bound === BOUND_AT_LEAST) Atomics.add(words, WORD.satisfied, 1);
    } catch (error) {
      // The peer may have closed it, or opened it to the other one since.
      if (!(error instanceof HypercallError) || error.code !== 'EINVAL') throw error;
      counts.late = (counts.late ?? 0) + 1;
    }
  }

  const deeds: readonly ((peer: number) => Promise<void> | void)[] = [
    open,
    bind,
    bind,
    async () => {
      const [port] = own.splice(pick(own.length), 1);
      if (port !== undefined) await evtchn.close(port);
    },
    () => {
      for (let i = 0; i < 200; i++) evtchn.notify(1 + pick(40));
    },
  ];
  await meet(words, 1);
  for (let round = 0; round < rounds || Atomics.load(words, WORD.satisfied) < CHURNERS; round++) {
    const peer = 1 + ((domid + pick(2)) % CHURNERS);
    await (own.length > 30 ? deeds[3]!(peer) : deeds[pick(deeds.length)]!(peer));
  }

  // From here on nobody opens or closes: what one end says of a port must be what the other says.
  await meet(words, 2);
  const ports: (readonly [number, number, number, number])[] = [];
  for (const port of own) {
    const { status, remote = 0, remotePort = 0 } = await evtchn.status(port);
    ports.push([port, status, remote, remotePort]);
  }
  await meet(words, 3);
  const heard = new Set<number>();
  for (const port of own) evtchn.listen(port, () => heard.add(port));
  evtchn.poll();
  heard.clear();
  await meet(words, 4);
  for (const port of own) evtchn.notify(port);
  const bound = new Set(ports.filter(([, status]) => status === EVTCHN_STATUS.interdomain).map(([port]) => port));
  for (let look = 0; look < 10_000 && heard.size < bound.size; look++) await delay(1);
  await meet(words, 5);
  for (const port of own) await evtchn.close(port);
  return { ports, wrong: own.filter((port) => heard.has(port) !== bound.has(port)), counts };
}
