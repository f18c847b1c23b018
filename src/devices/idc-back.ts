// SPDX-License-Identifier: Apache-2.0
import type { BackContext, BackFactory } from '../domain/contract.ts';
import { XmError } from '../errors.ts';
import type { EvtchnPort, GrantRef, Mapping } from '../hv/contract.ts';
import type { EndpointHandlers, Quotas, ReceivedTransaction } from '../idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../idc/endpoint.ts';
import { describeControl, layoutOf, sameQuotas } from '../idc/layout.ts';
import { createRingChannel } from '../idc/ring-channel.ts';

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
  const layout = layoutOf(quotas);
  return (context) => {
    const { hypercalls, domid } = context;
    let mappings: Mapping[] = [];
    /** Came while DISCONNECT waits for the requests before them: not begun, and their front end hears that from its transport. */
    let refused: ReceivedTransaction[] | undefined;
    const endpoint = createEndpoint({
      quotas,
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

    async function unmapAll(): Promise<void> {
      const taken = mappings;
      mappings = [];
      for (const mapping of taken) await hypercalls.gnttab.unmap(mapping);
    }

    async function connect(frames: readonly GrantRef[], port: EvtchnPort): Promise<void> {
      try {
        for (const gref of frames) mappings.push(await hypercalls.gnttab.map(domid, gref));
        const [control, pool] = mappings;
        if (control === undefined || !fits(control, pool)) {
          throw new XmError('EPROTO', `domain ${domid} offered memory of another shape`);
        }
        if (endpoint.state === 'absent') endpoint.appear();
        endpoint.connect(
          createRingChannel(
            { control: control.buffer, pool: pool?.buffer, quotas, side: 'back' },
            {
              notify: () => hypercalls.evtchn.notify(port),
              listen: (look) => hypercalls.evtchn.listen(port, look),
            },
          ),
        );
      } catch (error) {
        await unmapAll();
        throw error;
      }
    }

    /** The front end says what the memory is like; believed only if it is what this class uses. */
    function fits(control: Mapping, pool: Mapping | undefined): boolean {
      const said = describeControl(control.buffer);
      return said !== undefined && sameQuotas(said, quotas) && (pool?.buffer.byteLength ?? 0) >= layout.poolBytes;
    }

    return {
      open: async () => built.open?.(),
      connect,
      async disconnect() {
        refused = [];
        await built.idle?.();
        await endpoint.disconnect();
        for (const transaction of refused) transaction.complete(-1);
        refused = undefined;
        await unmapAll();
      },
      close: async () => built.close?.(),
    };
  };
}
