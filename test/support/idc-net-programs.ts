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
  connect(name: string, handlers?: EndpointHandlers): EndpointControl;
  readonly rounds: number;
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

  /** One polled call with a long time. @returns the verdict */
  async callOnce({ names, connect }: NetNode): Promise<number> {
    const endpoint = connect(names[0]!);
    return endpoint.callPolled(endpoint.transaction(), LONG);
  },
} as const;

/** What a domain's thread can be told to run. */
export type NetProgram = keyof typeof NET_PROGRAMS;
