// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { EvtchnPort, Extent, GrantRef, Hypercalls, Mapping } from '../hv/contract.ts';
import type { Channel, Quotas } from './contract.ts';
import { describeControl, initControl, layoutOf, type Side, sameQuotas } from './layout.ts';
import type { Offer } from './rendezvous-machine.ts';
import { createRingChannel } from './ring-channel.ts';

const PAGE = 4096;
/** Room for the two ids of a connection behind its control area. */
const TAG_BYTES = 128;

/** Memory that a peer was let at. */
export interface Loan {
  readonly extent: Extent;
  readonly gref: GrantRef;
}

/** What one end holds of a connection. */
export interface Holding {
  /** For the peer; the granter's only. */
  readonly offer: Offer | undefined;
  /** Makes the channel; once. */
  channel(): Channel;
  /** Gives back everything, once. Waits for nobody. */
  release(): Promise<void>;
}

/** With whom, and for which two incarnations (`granter mapper`). */
export interface Terms {
  readonly domid: number;
  readonly quotas: Quotas;
  readonly tag: string;
}

/**
 * The granter's part: fresh memory, and an event channel to bind to. Leaves nothing behind when it rejects.
 *
 * @param takeBack gets what was lent, in the end
 */
export async function lendConnection(
  hypercalls: Hypercalls,
  { domid, quotas, tag }: Terms,
  takeBack: (loans: readonly Loan[]) => Promise<void>,
): Promise<Holding> {
  const { memory, gnttab, evtchn } = hypercalls;
  const layout = layoutOf(quotas);
  const extents: Extent[] = [];
  const loans: Loan[] = [];
  const port = await evtchn.allocUnbound(domid);
  try {
    extents.push(await memory.alloc(orderFor(layout.controlBytes + TAG_BYTES)));
    if (layout.poolBytes > 0) extents.push(await memory.alloc(orderFor(layout.poolBytes)));
    initControl(extents[0]!.buffer, quotas);
    tagOf(extents[0]!.buffer, quotas).set(encode(tag));
    for (const extent of extents) loans.push({ extent, gref: await gnttab.grantAccess(domid, extent) });
  } catch (error) {
    await evtchn.close(port);
    await takeBack(loans);
    for (const extent of extents.slice(loans.length)) await memory.free(extent);
    throw error;
  }
  return {
    offer: { grefs: loans.map(({ gref }) => gref), port },
    channel: () => ring(hypercalls, extents, port, quotas, 'front'),
    async release() {
      await evtchn.close(port);
      await takeBack(loans);
    },
  };
}

/** The mapper's part. Leaves nothing behind when it rejects. */
export async function mapConnection(
  hypercalls: Hypercalls,
  { domid, quotas, tag }: Terms,
  offer: Offer,
): Promise<Holding> {
  const { gnttab, evtchn } = hypercalls;
  const mappings: Mapping[] = [];
  const unmapAll = async (): Promise<void> => {
    for (const mapping of mappings) await gnttab.unmap(mapping);
  };
  try {
    for (const gref of offer.grefs) mappings.push(await gnttab.map(domid, gref));
    check(mappings, quotas, tag);
    const port = await evtchn.bindInterdomain(domid, offer.port);
    return {
      offer: undefined,
      channel: () => ring(hypercalls, mappings, port, quotas, 'back'),
      async release() {
        await evtchn.close(port);
        await unmapAll();
      },
    };
  } catch (error) {
    await unmapAll();
    throw error;
  }
}

/**
 * References are used again, so an offer that was withdrawn meanwhile may name the memory of another connection. What is
 * mapped stays what it is: checked once, it is certain.
 */
function check([control, pool]: readonly Mapping[], quotas: Quotas, tag: string): void {
  const layout = layoutOf(quotas);
  const buffer = control!.buffer;
  const large = buffer.byteLength >= layout.controlBytes + TAG_BYTES;
  const said = large ? describeControl(buffer) : undefined;
  const whole = said !== undefined && sameQuotas(said, quotas) && (pool?.buffer.byteLength ?? 0) >= layout.poolBytes;
  if (!whole) throw new XmError('EPROTO', 'the peer offered memory of another shape');
  if (tagOf(buffer, quotas).some((byte, at) => byte !== encode(tag)[at])) {
    throw new XmError('ESTALE', 'the offered memory belongs to another connection');
  }
}

function ring(
  { evtchn }: Hypercalls,
  [control, pool]: readonly { readonly buffer: SharedArrayBuffer }[],
  port: EvtchnPort,
  quotas: Quotas,
  side: Side,
): Channel {
  return createRingChannel(
    { control: control!.buffer, pool: pool?.buffer, quotas, side },
    { notify: () => evtchn.notify(port), listen: (look) => evtchn.listen(port, look) },
  );
}

function tagOf(control: SharedArrayBuffer, quotas: Quotas): Uint8Array {
  return new Uint8Array(control, layoutOf(quotas).controlBytes, TAG_BYTES);
}

function encode(tag: string): Uint8Array {
  const bytes = new Uint8Array(TAG_BYTES);
  new TextEncoder().encodeInto(tag, bytes);
  return bytes;
}

function orderFor(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log2(bytes / PAGE)));
}
