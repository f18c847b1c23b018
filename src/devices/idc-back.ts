// SPDX-License-Identifier: Apache-2.0
import type { BackContext, BackFactory } from '../domain/contract.ts';
import { XmError } from '../errors.ts';
import type { EvtchnPort, GrantRef, Mapping } from '../hv/contract.ts';
import type { EndpointHandlers, Quotas, ReceivedTransaction } from '../idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../idc/endpoint.ts';
import { channelOver, mapMemory } from '../idc/shared-memory.ts';

/** What a class's back end is, below its endpoint. */
export interface IdcBack {
  readonly handlers: EndpointHandlers;
  /** Opens what the device stands for; rejects with an `XmError`. */
  readonly open?: () => Promise<void>;
  readonly close?: () => Promise<void>;
  /** Resolves when no request is in progress; DISCONNECT is answered after it. */
  readonly idle?: () => Promise<void>;
}

/** A back module over IDC: `export default idcBack(quotas, (endpoint, context) => ({handlers: ...}))`. */
export function idcBack(
  quotas: Quotas,
  build: (endpoint: EndpointControl, context: BackContext) => IdcBack,
): BackFactory {
  return (context) => {
    const { hypercalls, domid, signal } = context;
    let mapping: Mapping | undefined;
    const givenUp = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    /** Came while DISCONNECT waits for the requests before them: not begun, and their front end hears that from its transport. */
    let refused: ReceivedTransaction[] | undefined;
    let disconnecting: Promise<void> | undefined;
    const endpoint = createEndpoint({
      quotas,
      buffers: context.buffers,
      onBroken: context.broken,
      onMessage: (message) => (built.handlers.onMessage ? built.handlers.onMessage(message) : message.complete()),
      onTransaction(received) {
        if (refused !== undefined) refused.push(received);
        else if (built.handlers.onTransaction) built.handlers.onTransaction(received);
        else received.complete(-1);
      },
      onConnect: () => built.handlers.onConnect?.(),
      onDisconnect: (done) => (built.handlers.onDisconnect ? built.handlers.onDisconnect(done) : done()),
    });
    const built = build(endpoint, context);

    async function connect(frames: readonly GrantRef[], port: EvtchnPort): Promise<void> {
      const [gref] = frames;
      if (gref === undefined) throw new XmError('EPROTO', `domain ${domid} offered no memory`);
      mapping = await mapMemory(hypercalls, domid, gref, quotas);
      if (endpoint.state === 'absent') endpoint.appear();
      endpoint.connect(channelOver(hypercalls, mapping.buffer, port, quotas, 'back'));
    }

    async function disconnect(): Promise<void> {
      const waiting: ReceivedTransaction[] = [];
      refused = waiting;
      try {
        await Promise.race([built.idle?.(), givenUp]);
        await Promise.race([endpoint.disconnect(), givenUp]);
        for (const transaction of waiting) transaction.complete(-1);
      } finally {
        refused = undefined;
        const taken = mapping;
        mapping = undefined;
        if (taken !== undefined) await hypercalls.gnttab.unmap(taken);
      }
    }

    return {
      open: async () => built.open?.(),
      connect,
      disconnect() {
        disconnecting ??= disconnect().finally(() => {
          disconnecting = undefined;
        });
        return disconnecting;
      },
      close: async () => built.close?.(),
    };
  };
}
