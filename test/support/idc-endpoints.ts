// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_QUOTAS, type EndpointHandlers, type Quotas } from '../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../src/idc/endpoint.ts';
import type { ChannelPair, MakePair } from './idc-pairs.ts';

/** An endpoint that notes its notifications in `log`. */
export interface Party {
  readonly endpoint: EndpointControl;
  readonly log: string[];
}

/** Two endpoints and what introduces them to each other. */
export interface Parties {
  readonly front: EndpointControl;
  readonly back: EndpointControl;
  readonly logs: { readonly front: string[]; readonly back: string[] };
  /** Connects both over a fresh pair of channels. */
  connect(): Promise<void>;
  /** Disconnects both. */
  disconnect(): Promise<void>;
  /** Lets both handle what there is, from one to the other and back, without yielding. */
  pump(): void;
  /** Ends the back end's side of the connection, as its domain's death does; nobody is told. */
  killBack(): void;
  /** Destroys both and gives back what carried them. */
  end(): Promise<void>;
}

export function createParty(handlers: EndpointHandlers = {}, quotas: Partial<Quotas> = {}): Party {
  const log: string[] = [];
  const endpoint = createEndpoint({
    quotas,
    onAppear() {
      log.push('appear');
      handlers.onAppear?.();
    },
    onConnect() {
      log.push('connect');
      handlers.onConnect?.();
    },
    onDisconnect(done) {
      log.push('disconnect');
      if (handlers.onDisconnect) handlers.onDisconnect(done);
      else done();
    },
    onDisappear() {
      log.push('disappear');
      handlers.onDisappear?.();
    },
    onMessage(message) {
      log.push('message');
      if (handlers.onMessage) handlers.onMessage(message);
      else message.complete();
    },
    onTransaction(transaction) {
      log.push('transaction');
      if (handlers.onTransaction) handlers.onTransaction(transaction);
      else transaction.complete(0);
    },
  });
  return { endpoint, log };
}

/** Two endpoints that have appeared to each other and are connected. */
export async function connectParties(
  makePair: MakePair,
  {
    front = {},
    back = {},
    quotas = {},
  }: { front?: EndpointHandlers; back?: EndpointHandlers; quotas?: Partial<Quotas> },
): Promise<Parties> {
  const [near, far] = [createParty(front, quotas), createParty(back, quotas)];
  const pairs: ChannelPair[] = [];
  const parties: Parties = {
    front: near.endpoint,
    back: far.endpoint,
    logs: { front: near.log, back: far.log },
    async connect() {
      const pair = await makePair({ ...DEFAULT_QUOTAS, ...quotas });
      pairs.push(pair);
      near.endpoint.connect(pair.front);
      far.endpoint.connect(pair.back);
    },
    async disconnect() {
      await Promise.all([near.endpoint.disconnect(), far.endpoint.disconnect()]);
    },
    pump() {
      for (let round = 0; round < 8; round++) {
        near.endpoint.poll();
        far.endpoint.poll();
      }
    },
    killBack: () => pairs.at(-1)!.killBack(),
    async end() {
      for (const pair of pairs) {
        pair.front.close();
        pair.back.close();
        await pair.end();
      }
    },
  };
  near.endpoint.appear();
  far.endpoint.appear();
  await parties.connect();
  return parties;
}

/** An echo: the parameters are the status, the first byte of them is the error. */
export const ECHO: EndpointHandlers = {
  onTransaction(transaction) {
    const { parameters, parametersLength, status } = transaction;
    status.set(parameters.subarray(0, parametersLength));
    transaction.complete(parametersLength > 0 ? parameters[0]! : 0, parametersLength);
  },
};
