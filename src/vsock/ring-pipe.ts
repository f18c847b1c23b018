// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { type DomId, type EvtchnPort, type Hypercalls, orderFor, PAGE_SIZE } from '../hv/contract.ts';
import type { Carrier } from '../idc/rendezvous-carrier.ts';
import type { Loans } from '../idc/rendezvous-loans.ts';
import { evtchnBell, type Loan, takeBack } from '../idc/shared-memory.ts';
import { createChannel } from '../vchan/channel.ts';
import { AT, LIVE, NOTIFY } from '../vchan/layout.ts';
import { createMappings } from '../vchan/memory.ts';
import type { Pipe } from './pipe.ts';
import { linkStreams, RING, ringsGrant } from './ring-layout.ts';

/** Where the page says for which connection of which ends it was made. */
const TAG = { at: 256, length: 128 };

/**
 * Links over memory that the granter lends: a channel of libxenvchan's form, but for its rings, which both are in one extent, whose
 * reference is the only one of the page.
 */
export function ringCarrier(hypercalls: Hypercalls, loans: Loans, address: string): Carrier<Pipe> {
  const { memory, gnttab, evtchn } = hypercalls;

  function open(memories: Memories, peer: DomId, port: EvtchnPort, end: Pipe['end']): Pipe {
    const { page, rings } = memories;
    const channel = createChannel({
      ...{ peer, path: address, page },
      side: end === 'front' ? 'server' : 'client',
      ...linkStreams(page, rings),
      bell: evtchnBell(evtchn, port),
      // Memory and port are the session's.
      release: () => Promise.resolve(),
    });
    return Object.assign(channel, { end });
  }

  async function lend(domid: DomId, bytes: number): Promise<Loan> {
    const extent = await memory.alloc(orderFor(bytes));
    try {
      return { extent, gref: await gnttab.grantAccess(domid, extent) };
    } catch (error) {
      await memory.free(extent);
      throw error;
    }
  }

  return {
    async lend({ domid, tag }) {
      await using undo = new AsyncDisposableStack();
      const port = await evtchn.allocUnbound(domid);
      undo.defer(() => evtchn.close(port));
      const rings = await lend(domid, 2 * RING);
      undo.defer(async () => void (await takeBack(hypercalls, rings)));
      const page = await lend(domid, PAGE_SIZE);
      initPage(page.extent.buffer, rings.gref, tag);
      undo.move();
      return {
        offer: { gref: page.gref, port },
        channel: () => open({ page: page.extent.buffer, rings: rings.extent.buffer }, domid, port, 'front'),
        async release() {
          await evtchn.close(port);
          await loans.takeBack({ address, domid }, page);
          await loans.takeBack({ address, domid }, rings);
        },
      };
    },
    async map({ domid, tag }, offer) {
      await using undo = new AsyncDisposableStack();
      const mappings = createMappings(hypercalls, domid);
      undo.defer(mappings.unmap);
      const page = await mappings.map(offer.gref!);
      // References are used again: what is mapped may by now be for something else. Once checked it stays what it is.
      if (tagOf(page).compare(tagBytes(tag)) !== 0) {
        throw new XmError('ESTALE', 'the offered memory belongs to another connection');
      }
      const rings = await mappings.map(ringsGrant(page));
      if (rings.byteLength < 2 * RING) throw new XmError('EPROTO', `domain ${domid} offered memory of another shape`);
      const port = await evtchn.bindInterdomain(domid, offer.port);
      undo.move();
      return {
        offer: undefined,
        channel: () => open({ page, rings }, domid, port, 'back'),
        async release() {
          await evtchn.close(port);
          await mappings.unmap();
        },
      };
    },
  };
}

interface Memories {
  readonly page: SharedArrayBuffer;
  readonly rings: SharedArrayBuffer;
}

/** Both ends are there when the channel is made: how they came is not the page's affair. */
function initPage(page: SharedArrayBuffer, rings: number, tag: string): void {
  const bytes = new Uint8Array(page);
  new Uint32Array(page)[AT.grants >> 2] = rings;
  bytes.set(tagBytes(tag), TAG.at);
  for (const end of ['client', 'server'] as const) {
    Atomics.store(bytes, AT.live[end], LIVE.open);
    Atomics.store(bytes, AT.notify[end], NOTIFY.written);
  }
}

/** A copy, as the page may change. */
const tagOf = (page: SharedArrayBuffer): Buffer => Buffer.from(new Uint8Array(page).slice(TAG.at, TAG.at + TAG.length));

function tagBytes(tag: string): Buffer {
  const bytes = Buffer.alloc(TAG.length);
  bytes.write(tag);
  return bytes;
}
