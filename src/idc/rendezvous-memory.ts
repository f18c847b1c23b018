// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { Hypercalls } from '../hv/contract.ts';
import type { Quotas } from './contract.ts';
import { layoutOf } from './layout.ts';
import type { Carrier, Holding, Terms } from './rendezvous-carrier.ts';
import type { Loans } from './rendezvous-loans.ts';
import type { Offer } from './rendezvous-machine.ts';
import { channelOver, type Loan, lendMemory, mapMemory } from './shared-memory.ts';

/** Room for the two ids of a connection behind its control area. */
const TAG_BYTES = 128;

/**
 * Connections over a ring, in memory that the granter lends.
 *
 * @param address where the ends met
 */
export function memoryCarrier(hypercalls: Hypercalls, loans: Loans, address: string): Carrier {
  return {
    lend: (terms) => lendConnection(hypercalls, terms, (lent) => loans.takeBack({ address, domid: terms.domid }, lent)),
    map: (terms, offer) => mapConnection(hypercalls, terms, offer),
  };
}

/**
 * The granter's part: fresh memory, and an event channel to bind to. Leaves nothing behind when it rejects.
 *
 * @param takeBack gets what was lent, in the end
 */
export async function lendConnection(
  hypercalls: Hypercalls,
  { domid, quotas, tag }: Terms,
  takeBack: (loan: Loan) => Promise<void>,
): Promise<Holding> {
  const { evtchn } = hypercalls;
  const port = await evtchn.allocUnbound(domid);
  let loan: Loan;
  try {
    loan = await lendMemory(hypercalls, domid, quotas, TAG_BYTES);
  } catch (error) {
    await evtchn.close(port);
    throw error;
  }
  const { gref, extent } = loan;
  // The peer looks at it when it is told of the offer, which is later.
  tagOf(extent.buffer, quotas).set(encode(tag));
  return {
    offer: { gref, port },
    channel: () => channelOver(hypercalls, extent.buffer, port, quotas, 'front'),
    async release() {
      await evtchn.close(port);
      await takeBack(loan);
    },
  };
}

/** The mapper's part. Leaves nothing behind when it rejects. */
export async function mapConnection(
  hypercalls: Hypercalls,
  { domid, quotas, tag }: Terms,
  offer: Offer,
): Promise<Holding> {
  const { evtchn, gnttab } = hypercalls;
  const mapping = await mapMemory(hypercalls, domid, offer.gref!, quotas);
  try {
    checkTag(mapping.buffer, quotas, tag);
    const port = await evtchn.bindInterdomain(domid, offer.port);
    return {
      offer: undefined,
      channel: () => channelOver(hypercalls, mapping.buffer, port, quotas, 'back'),
      async release() {
        await evtchn.close(port);
        await gnttab.unmap(mapping);
      },
    };
  } catch (error) {
    await gnttab.unmap(mapping);
    throw error;
  }
}

/**
 * References are used again, so an offer that was withdrawn meanwhile may name the memory of another connection. What is
 * mapped stays what it is: checked once, it is certain.
 */
function checkTag(control: SharedArrayBuffer, quotas: Quotas, tag: string): void {
  const large = control.byteLength >= layoutOf(quotas).controlBytes + TAG_BYTES;
  const expected = encode(tag);
  if (!large || tagOf(control, quotas).some((byte, at) => byte !== expected[at])) {
    throw new XmError('ESTALE', 'the offered memory belongs to another connection');
  }
}

function tagOf(control: SharedArrayBuffer, quotas: Quotas): Uint8Array {
  return new Uint8Array(control, layoutOf(quotas).controlBytes, TAG_BYTES);
}

function encode(tag: string): Uint8Array {
  const bytes = new Uint8Array(TAG_BYTES);
  new TextEncoder().encodeInto(tag, bytes);
  return bytes;
}
