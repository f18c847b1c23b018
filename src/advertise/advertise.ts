// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { DomId, EvtchnPort, Hypercalls } from '../hv/contract.ts';
import type { XenstoreClient } from '../xenstore/client-contract.ts';

/** What a domain needs for this; a kernel's `dom` has it. */
export interface AdvertisingDomain {
  readonly hypercalls: Hypercalls;
  readonly xenstore: XenstoreClient;
}

/** One end of a shared page and an event channel: all there is to it, see README.md. */
export interface AdvertisedEndpoint {
  readonly peer: DomId;
  /** Seen by both; the peer may write anything there, at any time. */
  readonly memory: SharedArrayBuffer;
  /** Raises an event at the other end. */
  notify(): void;
  /** Calls `handler` soon, and after events of the other end, which coalesce; until given undefined. */
  listen(handler: (() => void) | undefined): void;
  /** Whether somebody is at the other end now. */
  readonly connected: boolean;
  /**
   * Lets go of it; may be called again.
   *
   * @returns whether the memory is back where it came from: it is not while the peer maps it, so call again when the peer has gone
   */
  close(): Promise<boolean>;
}

const pathOf = (owner: DomId, peer: DomId, name: string): string =>
  `/local/domain/${owner}/data/endpoint/${peer}/${name}`;

const endOf = ({ hypercalls: { evtchn } }: AdvertisingDomain, port: EvtchnPort) => ({
  notify: () => evtchn.notify(port),
  listen: (handler: (() => void) | undefined) => evtchn.listen(port, handler),
  get connected() {
    return evtchn.isBound(port);
  },
});

/**
 * Advertises an endpoint to one domain, under a name: a page of this domain's, granted, and a port that may be bound, both published
 * in the store where that domain alone reads them.
 *
 * @param peer may be a domain that is still to come
 * @param order 2^order pages
 * @throws HypercallError `ENOMEM` beyond the quota; StoreError where the name cannot be written
 */
export async function advertiseEndpoint(
  domain: AdvertisingDomain,
  peer: DomId,
  name: string,
  order = 0,
): Promise<AdvertisedEndpoint> {
  const { domid, memory, gnttab, evtchn } = domain.hypercalls;
  const path = pathOf(domid, peer, name);
  await using undo = new AsyncDisposableStack();
  const port = await evtchn.allocUnbound(peer);
  undo.defer(() => evtchn.close(port));
  const extent = await memory.alloc(order);
  undo.defer(() => memory.free(extent));
  const gref = await gnttab.grantAccess(peer, extent);
  undo.defer(async () => void (await gnttab.endAccess(gref)));
  await domain.xenstore.write(path, `${gref} ${port}`);
  undo.defer(() => domain.xenstore.rm(path).catch(() => {}));
  await domain.xenstore.setPerms(path, [`n${domid}`, `r${peer}`]);
  undo.move();

  /** Withdraws the offer and closes the port, once; what follows may have to be tried again. */
  let withdrawn: Promise<void> | undefined;
  let back: Promise<boolean> | undefined;
  async function reclaim(): Promise<boolean> {
    withdrawn ??= domain.xenstore.rm(path).then(() => evtchn.close(port));
    await withdrawn;
    if ((await gnttab.endAccess(gref)) === 'busy') {
      back = undefined;
      return false;
    }
    await memory.free(extent);
    return true;
  }
  const close = (): Promise<boolean> => (back ??= reclaim());
  return Object.assign(endOf(domain, port), { peer, memory: extent.buffer, close });
}

/**
 * Connects to the endpoint that a domain advertises to this one under a name.
 *
 * @throws XmError `ENOENT` when it does not, `EBUSY` when somebody was quicker or it is being withdrawn
 */
export async function connectToEndpoint(
  domain: AdvertisingDomain,
  owner: DomId,
  name: string,
): Promise<AdvertisedEndpoint> {
  const { domid, gnttab, evtchn } = domain.hypercalls;
  const offer = await domain.xenstore.read(pathOf(owner, domid, name)).catch(() => '');
  const [, gref, offered] = /^(\d{1,9}) (\d{1,9})$/.exec(offer) ?? [];
  if (gref === undefined)
    throw new XmError('ENOENT', `Domain ${owner} advertises no endpoint '${name}' to domain ${domid}`);
  try {
    // First the port, which only one gets.
    const port = await evtchn.bindInterdomain(owner, Number(offered));
    const mapping = await gnttab.map(owner, Number(gref)).catch(async (error) => {
      await evtchn.close(port);
      throw error;
    });
    let closed: Promise<boolean> | undefined;
    const close = (): Promise<boolean> =>
      (closed ??= gnttab
        .unmap(mapping)
        .then(() => evtchn.close(port))
        .then(() => true));
    return Object.assign(endOf(domain, port), { peer: owner, memory: mapping.buffer, close });
  } catch (cause) {
    throw new XmError('EBUSY', `The endpoint '${name}' of domain ${owner} is taken, or being withdrawn`, { cause });
  }
}
