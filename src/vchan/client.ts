// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import { HypercallError } from '../hv/contract.ts';
import { isEnd } from '../idc/rendezvous-loans.ts';
import { evtchnBell } from '../idc/shared-memory.ts';
import { type ChannelControl, createChannel } from './channel.ts';
import { requireThere } from './deaths.ts';
import { AT, describePage, LIVE, NOTIFY, ringPlace } from './layout.ts';
import { createMappings } from './memory.ts';
import type { Ways } from './server.ts';
import { readKeys } from './store.ts';

/** Connects to the channel that is offered at a path now. Leaves nothing behind when it rejects. */
export async function openClient(
  { hypercalls, xs, deaths }: Ways,
  domid: DomId,
  path: string,
): Promise<ChannelControl> {
  const { evtchn } = hypercalls;
  const keys = await readKeys(xs, path);
  if (keys === undefined) throw new XmError('ENOENT', `There is no vchan server at ${path}`);
  await using undo = new AsyncDisposableStack();
  let channel: ChannelControl | undefined;
  const unwatch = await deaths.watch(() => channel?.look());
  undo.defer(unwatch);
  const mappings = createMappings(hypercalls, domid);

  async function join() {
    // First, as of several clients one is bound: nobody else maps what the server wants back one day.
    const port = await evtchn.bindInterdomain(domid, keys!.port);
    undo.defer(() => evtchn.close(port));
    undo.defer(() => evtchn.notify(port));
    undo.defer(mappings.unmap);
    const page = await mappings.map(keys!.ringRef);
    const { orders, ...refs } = describePage(page);
    const left = await mappings.mapAll(refs.left);
    const right = await mappings.mapAll(refs.right, { readonly: true });
    return { page, orders, left, right, port };
  }
  const { page, orders, left, right, port } = await join().catch((error: unknown) => {
    if (!(error instanceof HypercallError) || isEnd(error)) throw error;
    throw busy(path, error);
  });
  // Numbers are used again. They were what they seem if the offer still stands: it is withdrawn before they are given back.
  const still = await readKeys(xs, path);
  if (still?.ringRef !== keys.ringRef || still.port !== keys.port) throw busy(path);
  const bytes = new Uint8Array(page);
  // One that had its client is offered until its server knows that the client has gone.
  if (Atomics.compareExchange(bytes, AT.live.client, LIVE.waiting, LIVE.open) !== LIVE.waiting) throw busy(path);
  undo.move();

  Atomics.or(bytes, AT.notify.server, NOTIFY.written);
  evtchn.notify(port);
  channel = createChannel({
    ...{ peer: domid, path, side: 'client', page },
    left: ringPlace(page, 'left', orders.left, left),
    right: ringPlace(page, 'right', orders.right, right),
    bell: evtchnBell(evtchn, port),
    async release() {
      unwatch();
      try {
        await mappings.unmap();
        // Now the server gets its memory back.
        evtchn.notify(port);
        await evtchn.close(port);
      } catch (error) {
        if (!isEnd(error)) throw error;
      }
    },
  });
  return channel;
}

function busy(path: string, cause?: unknown): XmError {
  return new XmError('EBUSY', `The vchan server at ${path} has a client, or is going`, { cause });
}

/** The same, as soon as there is a server: each time something changes at the path, and until its domain or our patience ends. */
export async function awaitServer(
  ways: Ways,
  domid: DomId,
  path: string,
  signal?: AbortSignal,
): Promise<ChannelControl> {
  let news = Promise.withResolvers<void>();
  const onNews = (): void => news.resolve();
  await using undo = new AsyncDisposableStack();
  undo.defer(await ways.deaths.watch(onNews));
  const watch = ways.xs.watch(path, { listener: onNews });
  undo.defer(() => watch.close());
  signal?.addEventListener('abort', onNews);
  undo.defer(() => signal?.removeEventListener('abort', onNews));
  await watch.ready;
  for (;;) {
    signal?.throwIfAborted();
    news = Promise.withResolvers();
    try {
      return await openClient(ways, domid, path);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== 'ENOENT' && code !== 'EBUSY') throw error;
    }
    await requireThere(ways.hypercalls, domid);
    await news.promise;
  }
}
