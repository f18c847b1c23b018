// SPDX-License-Identifier: Apache-2.0
import type { FrontContext, FrontFactory } from '../domain/contract.ts';
import { type Extent, type GrantRef, type Hypercalls, PAGE_SIZE } from '../hv/contract.ts';
import type { EndpointHandlers, Quotas } from '../idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../idc/endpoint.ts';
import { initControl, layoutOf } from '../idc/layout.ts';
import { createRingChannel } from '../idc/ring-channel.ts';

/** What a class's front end is, above its endpoint. */
export interface IdcFront {
  readonly handlers?: EndpointHandlers;
  /** What kernels get as `device.driver`. */
  readonly driver: unknown;
  /** Runs after each connect, before the device counts as connected, e.g. to ask the back end for its size. */
  readonly start?: () => Promise<void>;
}

/** The smallest order whose extent holds `bytes`. */
export function orderFor(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log2(bytes / PAGE_SIZE)));
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
  const layout = layoutOf(quotas);
  return (context) => {
    const { hypercalls, backendId } = context;
    let lent: Lent[] = [];
    // Handlers are looked up when they run, because what is built needs the endpoint first.
    const endpoint = createEndpoint({
      quotas,
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
      async offer() {
        if (endpoint.state === 'absent') endpoint.appear();
        const control = await lend(hypercalls, backendId, layout.controlBytes, lent);
        initControl(control.extent.buffer, quotas);
        if (layout.poolBytes > 0) await lend(hypercalls, backendId, layout.poolBytes, lent);
        return lent.map(({ gref }) => gref);
      },
      async connected(port) {
        const [control, pool] = lent;
        endpoint.connect(
          createRingChannel(
            { control: control!.extent.buffer, pool: pool?.extent.buffer, quotas, side: 'front' },
            {
              notify: () => hypercalls.evtchn.notify(port),
              listen: (look) => hypercalls.evtchn.listen(port, look),
            },
          ),
        );
        await built.start?.();
      },
      async disconnected() {
        await endpoint.disconnect();
        const taken = lent;
        lent = [];
        for (const item of taken) await takeBack(hypercalls, item);
      },
    };
  };
}

interface Lent {
  readonly extent: Extent;
  readonly gref: GrantRef;
}

/** Allocates and grants memory, and notes it in `into` at once, so that a failure later on leaves nothing behind. */
async function lend(hypercalls: Hypercalls, to: number, bytes: number, into: Lent[]): Promise<Lent> {
  const extent = await hypercalls.memory.alloc(orderFor(bytes));
  try {
    const lent = { extent, gref: await hypercalls.gnttab.grantAccess(to, extent) };
    into.push(lent);
    return lent;
  } catch (error) {
    await hypercalls.memory.free(extent);
    throw error;
  }
}

/** Ends a grant and frees its memory; what a back end still maps stays with this domain until its end. */
async function takeBack(hypercalls: Hypercalls, { extent, gref }: Lent): Promise<void> {
  if ((await hypercalls.gnttab.endAccess(gref)) === 'ended') await hypercalls.memory.free(extent);
}
