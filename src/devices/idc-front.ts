// SPDX-License-Identifier: Apache-2.0
import type { FrontContext, FrontFactory } from '../domain/contract.ts';
import type { EndpointHandlers, Quotas } from '../idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../idc/endpoint.ts';
import { channelOver, type Loan, lendMemory, takeBack } from '../idc/shared-memory.ts';

/** What a class's front end is, above its endpoint. */
export interface IdcFront {
  readonly handlers?: EndpointHandlers;
  /** What kernels get as `device.driver`. */
  readonly driver: unknown;
  /** Runs after each connect, before the device counts as connected, e.g. to ask the back end for its size. */
  readonly start?: () => Promise<void>;
}

/**
 * A front module over IDC: `export default idcFront(quotas, (endpoint, context) => ({driver: ...}))`. Makes fresh memory for
 * every connection, so that nothing of an earlier one can reach it.
 *
 * @param quotas the same object the class's back module names
 */
export function idcFront(
  quotas: Quotas,
  build: (endpoint: EndpointControl, context: FrontContext) => IdcFront,
): FrontFactory {
  return (context) => {
    const { hypercalls, signal } = context;
    let lent: Loan | undefined;
    const givenUp = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    // Handlers are looked up when they run, because what is built needs the endpoint first.
    const endpoint = createEndpoint({
      quotas,
      buffers: context.buffers,
      onBroken: context.broken,
      onAppear: () => built.handlers?.onAppear?.(),
      onConnect: () => built.handlers?.onConnect?.(),
      onDisconnect: (done) => (built.handlers?.onDisconnect ? built.handlers.onDisconnect(done) : done()),
      onDisappear: () => built.handlers?.onDisappear?.(),
      onMessage: (message) => (built.handlers?.onMessage ? built.handlers.onMessage(message) : message.complete()),
      onTransaction: (received) =>
        built.handlers?.onTransaction ? built.handlers.onTransaction(received) : received.complete(-1),
    });
    const built = build(endpoint, context);
    return {
      driver: built.driver,
      async offer(backendId) {
        if (endpoint.state === 'absent') endpoint.appear();
        lent = await lendMemory(hypercalls, backendId, quotas);
        return [lent.gref];
      },
      async connected(port) {
        endpoint.connect(channelOver(hypercalls, lent!.extent.buffer, port, quotas, 'front'));
        await built.start?.();
      },
      closed() {
        if (endpoint.state === 'present') endpoint.disappear();
      },
      async disconnected() {
        try {
          await Promise.race([endpoint.disconnect(), givenUp]);
        } finally {
          const taken = lent;
          lent = undefined;
          // What a back end still maps stays with this domain until its end.
          if (taken !== undefined) await takeBack(hypercalls, taken);
        }
      },
    };
  };
}
