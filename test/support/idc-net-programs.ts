// SPDX-License-Identifier: Apache-2.0
import type { EvtchnPort, Hypercalls } from '../../src/hv/contract.ts';
import { type EndpointHandlers, type ReceivedTransaction, TRANSPORT } from '../../src/idc/contract.ts';
import type { EndpointControl } from '../../src/idc/endpoint.ts';

/** What a program works with. */
export interface NetNode {
  readonly evtchn: Hypercalls['evtchn'];
  /** Of the links that end here. */
  readonly names: readonly string[];
  portOf(name: string): EvtchnPort;
  isFront(name: string): boolean;
  connect(name: string, handlers?: EndpointHandlers): EndpointControl;
  readonly rounds: number;
  readonly calling: Int32Array<SharedArrayBuffer>;
}

const LONG = 60_000;
const FOREVER = new Promise<never>(() => {});

/** Answers with the parameter and one. */
function increment(asked: ReceivedTransaction): void {
  asked.status[0] = asked.parameters[0]! + 1;
  asked.complete(0, 1);
}

/** Polled calls one after the other. @returns how many were answered rightly */
function callAll(endpoint: EndpointControl, rounds: number): number {
  const transaction = endpoint.transaction();
  transaction.parametersLength = 1;
  let right = 0;
  for (let round = 0; round < rounds; round++) {
    transaction.parameters[0] = round & 127;
    const verdict = endpoint.callPolled(transaction, LONG);
    if (verdict === TRANSPORT.ok && transaction.status[0] === (round & 127) + 1) right++;
  }
  return right;
}

export const NET_PROGRAMS = {
  /** Serves on all links, for ever. */
  async serve({ names, connect }: NetNode): Promise<never> {
    for (const name of names) connect(name, { onTransaction: increment });
    return FOREVER;
  },

  /** Takes everything and answers nothing. */
  async swallow({ names, connect }: NetNode): Promise<never> {
    for (const name of names) connect(name, { onTransaction() {} });
    return FOREVER;
  },

  /** Polled calls with the event channel masked, without ever yielding; then one in the ordinary way. */
  async callMasked({ names, connect, portOf, evtchn, rounds }: NetNode): Promise<readonly number[]> {
    const [name] = names;
    const endpoint = connect(name!);
    evtchn.mask(portOf(name!));
    const right = callAll(endpoint, rounds);
    evtchn.unmask(portOf(name!));
    const { transport } = await endpoint.call(Uint8Array.of(1));
    return [right, transport];
  },

  /** Polled calls at a peer that does the same, while it answers the peer's; then serves. */
  async callEachOther({ names, connect, rounds }: NetNode): Promise<number> {
    return callAll(connect(names[0]!, { onTransaction: increment }), rounds);
  },

  /**
   * One of several back ends on each other: what arrives by link 2 is asked of the next one by link 3, if this domain has that,
   * and answered when it is answered; at the other end of a link everything is answered by itself, a turn later. At the same
   * time it has requests of its own at each end of each link, more than the quota. @returns how many of those went wrong
   */
  async beBusy({ names, connect, isFront, rounds }: NetNode): Promise<number> {
    const ends = new Map<string, EndpointControl>();
    const late = (asked: ReceivedTransaction) => void setImmediate(() => asked.complete(0));
    for (const name of names) {
      const onTransaction = (asked: ReceivedTransaction): void => {
        const next = isFront(name) ? undefined : ends.get(String(Number(name) + 1));
        if (next === undefined) late(asked);
        else next.submit(next.transaction(), () => late(asked));
      };
      ends.set(name, connect(name, { onTransaction }));
    }
    const calls = [...ends.values()].flatMap((endpoint) =>
      Array.from({ length: rounds }, () => endpoint.call(new Uint8Array(1))),
    );
    return (await Promise.all(calls)).filter(({ transport, error }) => transport !== TRANSPORT.ok || error !== 0)
      .length;
  },

  /** Serves the link `free`, and takes without answering on every other one. */
  async serveOne({ names, connect }: NetNode): Promise<never> {
    for (const name of names) connect(name, { onTransaction: name === 'free' ? increment : () => {} });
    return FOREVER;
  },

  /** Fills every link but `free`, then calls over that. @returns answers on the filled links, and on the free one */
  async callFree({ names, connect, rounds }: NetNode): Promise<readonly number[]> {
    let [filled, right] = [0, 0];
    for (const name of names.filter((one) => one !== 'free')) {
      const endpoint = connect(name);
      for (let number = 0; number < 100; number++) endpoint.submit(endpoint.transaction(), () => filled++);
    }
    const free = connect('free');
    for (let round = 0; round < rounds; round++) {
      const { transport, status } = await free.call(Uint8Array.of(round & 127));
      if (transport === TRANSPORT.ok && status[0] === (round & 127) + 1) right++;
    }
    return [filled, right];
  },

  /** Asks as much as the quota allows, again and again. */
  async flood({ names, connect }: NetNode): Promise<never> {
    const endpoint = connect(names[0]!);
    for (let number = 0; number < 2 * endpoint.quotas.inFlight; number++) {
      const transaction = endpoint.transaction();
      const again = (): void => endpoint.submit(transaction, again);
      again();
    }
    return FOREVER;
  },

  /** One polled call with a long time. @returns the verdict */
  async callOnce({ names, connect, calling }: NetNode): Promise<number> {
    const endpoint = connect(names[0]!);
    Atomics.store(calling, 0, 1);
    return endpoint.callPolled(endpoint.transaction(), LONG);
  },
} as const;

/** What a domain's thread can be told to run. */
export type NetProgram = keyof typeof NET_PROGRAMS;
