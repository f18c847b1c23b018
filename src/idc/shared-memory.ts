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
import { describeControl, initControl, layoutOf, type Side, sameLimits } from './layout.ts';
import { createRingChannel, type Doorbell } from './ring-channel.ts';

/** Memory that a peer was let at. */
export interface Loan {
  readonly extent: Extent;
  readonly gref: GrantRef;
}

/**
 * Fresh memory for a connection, prepared and granted to `domid`. All or nothing.
 *
 * @param extraBytes room behind the control area, for whoever made the connection
 */
export async function lendMemory(
  { memory, gnttab }: Hypercalls,
  domid: number,
  quotas: Quotas,
  extraBytes = 0,
): Promise<Loan> {
  const extent = await memory.alloc(orderFor(layoutOf(quotas).controlBytes + extraBytes));
  try {
    initControl(extent.buffer, quotas);
    return { extent, gref: await gnttab.grantAccess(domid, extent) };
  } catch (error) {
    await memory.free(extent);
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
  { gnttab }: Hypercalls,
  domid: number,
  gref: GrantRef,
  quotas: Quotas,
): Promise<Mapping> {
  const mapping = await gnttab.map(domid, gref);
  const said = describeControl(mapping.buffer);
  if (said !== undefined && sameLimits(said, quotas)) return mapping;
  await gnttab.unmap(mapping);
  throw new XmError('EPROTO', `domain ${domid} offered memory of another shape`);
}

/** The ring channel over memory of {@link lendMemory} or {@link mapMemory}, with an event channel as its doorbell. */
export function channelOver(
  { evtchn, trace }: Hypercalls,
  control: SharedArrayBuffer,
  port: EvtchnPort,
  quotas: Quotas,
  side: Side,
): Channel {
  return createRingChannel({ control, quotas, side }, evtchnBell(evtchn, port), trace);
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
