// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import {
  type EvtchnPort,
  type Extent,
  type GrantRef,
  type Hypercalls,
  type Mapping,
  orderFor,
} from '../hv/contract.ts';
import type { Channel, Quotas } from './contract.ts';
import { describeControl, initControl, layoutOf, type Side, sameQuotas } from './layout.ts';
import { createRingChannel, type Doorbell } from './ring-channel.ts';

/** Memory that a peer was let at. */
export interface Loan {
  readonly extent: Extent;
  readonly gref: GrantRef;
}

/**
 * Fresh memory for a connection, prepared and granted to `domid`: the control area, and the pool if the quotas have one. All or
 * nothing.
 *
 * @param extraBytes room behind the control area, for whoever made the connection
 */
export async function lendMemory(
  { memory, gnttab }: Hypercalls,
  domid: number,
  quotas: Quotas,
  extraBytes = 0,
): Promise<readonly Loan[]> {
  const layout = layoutOf(quotas);
  const sizes = [layout.controlBytes + extraBytes, ...(layout.poolBytes > 0 ? [layout.poolBytes] : [])];
  const extents: Extent[] = [];
  const grefs: GrantRef[] = [];
  try {
    for (const bytes of sizes) extents.push(await memory.alloc(orderFor(bytes)));
    initControl(extents[0]!.buffer, quotas);
    for (const extent of extents) grefs.push(await gnttab.grantAccess(domid, extent));
    return extents.map((extent, index) => ({ extent, gref: grefs[index]! }));
  } catch (error) {
    for (const gref of grefs) await gnttab.endAccess(gref);
    for (const extent of extents) await memory.free(extent);
    throw error;
  }
}

/** Ends a loan and frees its memory. @returns false when it is still mapped: nothing changed then */
export async function takeBack({ memory, gnttab }: Hypercalls, { extent, gref }: Loan): Promise<boolean> {
  if ((await gnttab.endAccess(gref)) === 'busy') return false;
  await memory.free(extent);
  return true;
}

/**
 * Maps what a peer lent. All or nothing.
 *
 * @throws XmError `EPROTO` when the memory is not what these quotas need: the peer says what it is like, and is believed only
 * then
 */
export async function mapMemory(
  hypercalls: Hypercalls,
  domid: number,
  grefs: readonly GrantRef[],
  quotas: Quotas,
): Promise<readonly Mapping[]> {
  const mappings: Mapping[] = [];
  try {
    for (const gref of grefs) mappings.push(await hypercalls.gnttab.map(domid, gref));
    if (!fits(mappings, quotas)) throw new XmError('EPROTO', `domain ${domid} offered memory of another shape`);
    return mappings;
  } catch (error) {
    await unmapAll(hypercalls, mappings);
    throw error;
  }
}

export async function unmapAll({ gnttab }: Hypercalls, mappings: readonly Mapping[]): Promise<void> {
  for (const mapping of mappings) await gnttab.unmap(mapping);
}

/** The ring channel over memory of {@link lendMemory} or {@link mapMemory}, with an event channel as its doorbell. */
export function channelOver(
  { evtchn }: Hypercalls,
  [control, pool]: readonly { readonly buffer: SharedArrayBuffer }[],
  port: EvtchnPort,
  quotas: Quotas,
  side: Side,
): Channel {
  return createRingChannel({ control: control!.buffer, pool: pool?.buffer, quotas, side }, evtchnBell(evtchn, port));
}

/** An event channel's end as a doorbell. */
export function evtchnBell(evtchn: Hypercalls['evtchn'], port: EvtchnPort): Doorbell {
  return {
    notify: () => evtchn.notify(port),
    listen: (look) => evtchn.listen(port, look),
    isBound: () => evtchn.isBound(port),
    wait: (timeout) => void evtchn.wait(port, timeout),
  };
}

function fits([control, pool]: readonly Mapping[], quotas: Quotas): boolean {
  const said = control && describeControl(control.buffer);
  return said !== undefined && sameQuotas(said, quotas) && (pool?.buffer.byteLength ?? 0) >= layoutOf(quotas).poolBytes;
}
