// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import { isSleeping, type SharedInfo } from '../../src/hv/shared-info.ts';
import { argoMutual, argoScribble } from './hv-argo-programs.ts';
import { churn } from './hv-churn.ts';
import { lendingFlood, lendingHold, pagesFlood } from './hv-lending-programs.ts';
import { tell, WORD, type Words, waitFor } from './hv-words.ts';

/** What a program works with; a program takes what it needs. */
export interface Task {
  readonly words: Words;
  /** The port of this domain that the program is about. */
  readonly port: number;
  readonly rounds: number;
  /** Keeps the domain's loop turning with events to itself. */
  readonly busy?: boolean;
  /** Shared page of a domain that is to be asleep before each round. */
  readonly sleeper?: SharedInfo;
  readonly seed?: number;
}

const FOREVER = new Promise<never>(() => {});

/** An event of its own after each event of its own. */
async function keepBusy({ evtchn, domid }: HypercallClient): Promise<void> {
  const far = await evtchn.allocUnbound(domid);
  const near = await evtchn.bindInterdomain(domid, far);
  evtchn.listen(far, () => evtchn.notify(near));
}

/** Publishes 1 to `rounds`, an event after each; the next one only when this one was seen. @returns the round that was lost, or 0 */
async function produce({ evtchn }: HypercallClient, { words, port, rounds, sleeper }: Task): Promise<number> {
  await evtchn.status(port);
  for (let i = 1; i <= rounds; i++) {
    while (sleeper !== undefined && !isSleeping(sleeper));
    Atomics.store(words, WORD.number, i);
    evtchn.notify(port);
    if (!waitFor(words, WORD.ack, i)) return i;
  }
  return 0;
}

/** Acknowledges each number that is published. @returns how many were no successor of the one before */
async function consume(dom: HypercallClient, { words, port, rounds, busy }: Task): Promise<number> {
  if (busy === true) await keepBusy(dom);
  let seen = 0;
  let gaps = 0;
  await new Promise<void>((resolve) => {
    dom.evtchn.listen(port, () => {
      const number = Atomics.load(words, WORD.number);
      if (number === seen) return;
      if (number !== seen + 1) gaps++;
      seen = number;
      tell(words, WORD.ack, number);
      if (number === rounds) resolve();
    });
  });
  return gaps;
}

/** Counts its events in a word, until it is terminated. */
async function count(dom: HypercallClient, { words, port, busy }: Task): Promise<never> {
  if (busy === true) await keepBusy(dom);
  dom.evtchn.listen(port, () => {
    Atomics.add(words, WORD.count, 1);
  });
  return FOREVER;
}

/** Counts events as `count` does, but holds the thread at the first one from outside until the storm is over. */
async function hold({ evtchn }: HypercallClient, { words, port }: Task): Promise<never> {
  evtchn.listen(port, () => {
    Atomics.add(words, WORD.count, 1);
    if (Atomics.load(words, WORD.held) !== 0) return;
    tell(words, WORD.held, 1);
    waitFor(words, WORD.done, 1);
  });
  return FOREVER;
}

/** Answers each event with one. */
function echo({ evtchn }: HypercallClient, { port }: Task): Promise<never> {
  evtchn.listen(port, () => evtchn.notify(port));
  return FOREVER;
}

/** Sends at least `rounds` events, flat out, and on until `done` is told. @returns how many it sent */
async function storm({ evtchn }: HypercallClient, { words, port, rounds }: Task): Promise<number> {
  await evtchn.status(port);
  let sent = 0;
  while (sent < rounds || Atomics.load(words, WORD.done) === 0) {
    for (let i = 0; i < 1000; i++) evtchn.notify(port);
    sent += 1000;
  }
  return sent;
}

/** Argo messages to domain 1, flat out, each of equal words that count up; waits where there is no room. */
async function argoFlood({ argo }: HypercallClient, { port }: Task): Promise<never> {
  const to = { domid: 1, aport: port };
  const body = new Uint32Array(2048);
  const pieces = [new Uint8Array(body.buffer, 0, 4), new Uint8Array(body.buffer, 4)];
  await argo.resolve(to);
  for (let number = 1; ; number++) {
    body.fill(number);
    while (typeof argo.sendv(port, to, pieces, number) === 'string') await nextTurn();
  }
}

/** What a domain's thread can be told to run. */
export const PROGRAMS = {
  produce,
  consume,
  count,
  hold,
  echo,
  storm,
  churn,
  argoFlood,
  argoMutual,
  argoScribble,
  lendingFlood,
  lendingHold,
  pagesFlood,
} as const;
export type ProgramName = keyof typeof PROGRAMS;
