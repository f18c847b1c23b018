// SPDX-License-Identifier: Apache-2.0
import type { RingView } from '../devices/contract.ts';
import { inspectIdc } from '../devices/inspect.ts';
import { type DomId, EVTCHN_STATUS, type EvtchnPort, type GrantRef } from '../hv/contract.ts';
import { DEFAULT_QUOTAS } from '../idc/contract.ts';
import { parseLevel } from '../idc/rendezvous-level.ts';
import { ADDRESSES } from '../idc/rendezvous-store.ts';
import { inspectVchan, vchanGrants } from '../vchan/inspect.ts';
import { EVENT_CHANNEL, RING_REF, vchanPath } from '../vchan/store.ts';
import { isLink } from '../vsock/peers.ts';
import { inspectLink, ringsGrant } from '../vsock/ring-layout.ts';
import type { StoreConnection } from '../xenstore/contract.ts';
import type { XendContext } from './context.ts';

/** Where the rings of a connection are that is made of granted memory and an event channel. */
export interface RingPlace {
  /** What sort of connection it is: a device class, `idc`, `vchan` or `vsock`. */
  readonly class: string;
  /** The device, or where the ends met. */
  readonly device: string;
  /** Whose memory it is: the front end's. */
  readonly domid: DomId;
  readonly gref: GrantRef;
  readonly evtchn: EvtchnPort;
  readonly inspect: (memory: SharedArrayBuffer) => readonly RingView[];
  /** References of what else belongs to it. */
  readonly more: (memory: SharedArrayBuffer) => readonly GrantRef[];
  /** Of a device whose class counts them. */
  readonly bytes?: number;
}

/** What an end says at an address. */
interface Offered {
  readonly address: string;
  readonly domid: DomId;
  readonly peers: readonly DomId[];
  /** Absent over Argo, where `port` is that of its ring. */
  readonly gref: GrantRef | undefined;
  readonly port: number;
}

const NOTHING_MORE = (): readonly GrantRef[] => [];

/** All there are: of devices, of connections at addresses, and of vchans. */
export function ringPlaces(context: XendContext): readonly RingPlace[] {
  const places = [...devicePlaces(context), ...addressPlaces(context.xs)];
  // Device directories have the same keys as those of vchans.
  const known = new Set(places.map(keyOf));
  for (const place of vchanPlaces(context)) {
    if (known.has(keyOf(place))) continue;
    known.add(keyOf(place));
    places.push(place);
  }
  return places;
}

const keyOf = ({ domid, gref }: RingPlace): string => `${domid} ${gref}`;

function* devicePlaces({ domains }: XendContext): Generator<RingPlace> {
  for (const { devices } of domains.values()) {
    for (const { connection, front, class: deviceClass, name, counters } of devices.values()) {
      const [gref, ...others] = connection?.frames ?? [];
      if (connection === undefined || gref === undefined) continue;
      const { evtchn } = connection;
      const inspect = deviceClass.inspect ?? inspectIdc;
      const bytes = deviceClass.bytes?.(counters);
      const which = { class: deviceClass.name, device: name, domid: front.domid };
      const place = { ...which, gref, evtchn, inspect, more: () => others };
      yield bytes === undefined ? place : { ...place, bytes };
    }
  }
}

function* addressPlaces(xs: StoreConnection): Generator<RingPlace> {
  for (const { address, domid, gref, port } of offers(xs)) {
    if (gref === undefined) continue;
    const which = { device: address, domid, gref, evtchn: port };
    yield isLink(address)
      ? { ...which, class: 'vsock', inspect: inspectLink, more: (page) => [ringsGrant(page)] }
      : { ...which, class: 'idc', inspect: inspectIdc, more: NOTHING_MORE };
  }
}

/** From the levels that the ends publish. A domain that lies there shows wrong rings of its own. */
function* offers(xs: StoreConnection): Generator<Offered> {
  for (const address of children(xs, ADDRESSES)) {
    const holders = children(xs, `${ADDRESSES}/${address}`);
    for (const holder of holders) {
      const directory = `${ADDRESSES}/${address}/${holder}`;
      const domid = Number(holder);
      for (const end of children(xs, directory)) {
        const text = xs.read(`${directory}/${end}`);
        const [overRing, overArgo] = (['ring', 'argo'] as const).map(
          (channel) => parseLevel(domid, end, text, { quotas: DEFAULT_QUOTAS, channel })?.offer,
        );
        const offer = overRing ?? overArgo;
        const peers = holders.map(Number).filter((other) => other !== domid);
        if (offer !== undefined) yield { address, domid, peers, ...offer };
      }
    }
  }
}

function children(xs: StoreConnection, path: string): readonly string[] {
  try {
    return xs.directory(path);
  } catch {
    // Nobody was given an address yet.
    return [];
  }
}

/** From the keys that servers publish, wherever they are. What they lead to is looked at, and need not be a vchan. */
function* vchanPlaces({ store, hv }: XendContext): Generator<RingPlace> {
  for (const { path, owner, values } of store.find([RING_REF, EVENT_CHANNEL])) {
    const [gref, evtchn] = values.map(Number) as [number, number];
    const { remote, status } = hv.inspectPort(owner, evtchn) ?? {};
    if (remote === undefined || (status !== EVTCHN_STATUS.interdomain && status !== EVTCHN_STATUS.unbound)) continue;
    const usual = vchanPath(owner, remote, '');
    const device = path.startsWith(usual) ? path.slice(usual.length) : path;
    yield { class: 'vchan', device, domid: owner, gref, evtchn, inspect: inspectVchan, more: vchanGrants };
  }
}

/** By `PORT` of `DOMID PORT`: what Argo's rings are for that connections at addresses receive in. */
export function argoUses(xs: StoreConnection): ReadonlyMap<string, Pick<RingPlace, 'class' | 'device'>> {
  const uses = new Map<string, Pick<RingPlace, 'class' | 'device'>>();
  for (const { address, domid, peers, gref, port } of offers(xs)) {
    if (gref !== undefined) continue;
    const use = { class: isLink(address) ? 'vsock' : 'idc', device: address };
    uses.set(`${domid} ${port}`, use);
    // The other end has the next one.
    for (const peer of peers) uses.set(`${peer} ${port + 1}`, use);
  }
  return uses;
}
