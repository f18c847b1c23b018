// SPDX-License-Identifier: Apache-2.0
import type { DomId, Hypercalls } from '../hv/contract.ts';
import { isEnd } from '../idc/rendezvous-loans.ts';
import { evtchnBell, type Loan, takeBack } from '../idc/shared-memory.ts';
import type { XenstoreClient } from '../xenstore/client-contract.ts';
import { type ChannelControl, createChannel } from './channel.ts';
import type { VchanSizes } from './contract.ts';
import { type Deaths, isThere, requireThere } from './deaths.ts';
import { chooseOrders, ringPlace } from './layout.ts';
import { lendRings } from './memory.ts';
import { publish, retract } from './store.ts';

/** A domain's ways to others. */
export interface Ways {
  readonly hypercalls: Hypercalls;
  readonly xs: XenstoreClient;
  readonly deaths: Deaths;
}

/** A server's channel. */
export interface ServerChannel {
  readonly channel: ChannelControl;
  /** Resolves when all memory is back, some time after the channel was closed here. */
  readonly returned: Promise<void>;
}

/** Offers a channel at a path of the store. Leaves nothing behind when it rejects. */
export async function openServer(ways: Ways, domid: DomId, path: string, sizes: VchanSizes): Promise<ServerChannel> {
  const { hypercalls, xs, deaths } = ways;
  const { evtchn } = hypercalls;
  const { left = 0, right = 0 } = sizes;
  const orders = chooseOrders(left, right);
  await using undo = new AsyncDisposableStack();
  let onDeath = (): void => {};
  const unwatch = await deaths.watch(() => onDeath());
  undo.defer(unwatch);
  await requireThere(hypercalls, domid);
  const lent = await lendRings(hypercalls, domid, orders);
  let loans: readonly Loan[] = [lent.page, ...lent.left, ...lent.right];
  const takeAllBack = async (): Promise<void> => {
    const back = await Promise.all(loans.map((loan) => takeBack(hypercalls, loan)));
    loans = loans.filter((_, index) => !back[index]);
  };
  undo.defer(takeAllBack);
  const port = await evtchn.allocUnbound(domid);
  undo.defer(() => evtchn.close(port));
  const keys = { ringRef: lent.page.gref, port };
  await publish(xs, path, [hypercalls.domid, domid], keys);
  undo.move();

  const returned = Promise.withResolvers<void>();
  let sweeping: Promise<void> = Promise.resolve();

  async function sweepOnce(): Promise<void> {
    if (loans.length === 0) return;
    try {
      await takeAllBack();
      if (loans.length > 0) return;
      unwatch();
      await evtchn.close(port);
    } catch (error) {
      // With the domain everything of it ends.
      if (!isEnd(error)) throw error;
    }
    returned.resolve();
  }

  /** Takes back what the client let go of. One at a time: a reference that was ended twice may be another's by then. */
  function sweep(): Promise<void> {
    sweeping = sweeping.then(sweepOnce);
    return sweeping;
  }

  const buffers = (of: readonly Loan[]) => of.map(({ extent }) => extent.buffer);
  const page = lent.page.extent.buffer;
  const channel = createChannel({
    ...{ peer: domid, path, side: 'server', page },
    left: ringPlace(page, 'left', orders.left, buffers(lent.left)),
    right: ringPlace(page, 'right', orders.right, buffers(lent.right)),
    bell: evtchnBell(evtchn, port),
    async release() {
      try {
        await retract(xs, path, keys);
      } catch (error) {
        if (!isEnd(error)) throw error;
      }
      // The client rings when it has let go, the store when it is dead.
      onDeath = () => void sweep();
      evtchn.listen(port, onDeath);
      await sweep();
    },
  });
  async function checkPeer(): Promise<void> {
    if (channel.state !== 'waiting') channel.look();
    else if (!(await isThere(hypercalls, domid))) channel.lose();
  }
  onDeath = () => void checkPeer();
  // It may have died while this was made.
  onDeath();
  return { channel, returned: returned.promise };
}
