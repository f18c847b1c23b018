// SPDX-License-Identifier: Apache-2.0
import type { ByteRings, DeviceClass, RingView } from '../devices/contract.ts';
import { inspectIdc } from '../devices/inspect.ts';
import type { ArgoRingInfo } from '../hv/argo.ts';
import { ARGO_DOMID_ANY } from '../hv/argo-contract.ts';
import { type DomId, EVTCHN_STATUS, type EvtchnPort, type GrantRef } from '../hv/contract.ts';
import { DEFAULT_QUOTAS } from '../idc/contract.ts';
import { parseLevel } from '../idc/rendezvous-level.ts';
import { ADDRESSES } from '../idc/rendezvous-store.ts';
import { inspectByteRing } from '../ring/byte-ring.ts';
import { inspectVchan, vchanGrants, vchanStreams } from '../vchan/inspect.ts';
import { EVENT_CHANNEL, RING_REF, vchanPath } from '../vchan/store.ts';
import { isLink } from '../vsock/peers.ts';
import { inspectLink, linkStreams, RING, ringsGrant } from '../vsock/ring-layout.ts';
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
  /** Rings of bytes, where they are; undefined when not all of their memory is there. Absent: the rings are those of IDC. */
  readonly streams?: (
    memory: SharedArrayBuffer,
    bufferOf: (gref: GrantRef) => SharedArrayBuffer | undefined,
  ) => ByteRings | undefined;
  /** What a request asks for. */
  readonly describe?: DeviceClass['describe'];
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
      const { byteRings, describe } = deviceClass;
      const bytes = deviceClass.bytes?.(counters);
      yield {
        ...{ class: deviceClass.name, device: name, domid: front.domid, gref, evtchn, more: () => others },
        ...(byteRings === undefined ? { inspect: inspectIdc } : { inspect: viewsOf(byteRings), streams: byteRings }),
        ...(bytes !== undefined && { bytes }),
        ...(describe !== undefined && { describe }),
      };
    }
  }
}

function viewsOf(byteRings: (frame: SharedArrayBuffer) => ByteRings): RingPlace['inspect'] {
  return (frame) => {
    const rings = byteRings(frame);
    return [inspectByteRing('out', rings.out), inspectByteRing('in', rings.in)];
  };
}

function* addressPlaces(xs: StoreConnection): Generator<RingPlace> {
  for (const { address, domid, gref, port } of offers(xs)) {
    if (gref === undefined) continue;
    const which = { device: address, domid, gref, evtchn: port };
    yield isLink(address)
      ? { ...which, class: 'vsock', inspect: inspectLink, more: (page) => [ringsGrant(page)], streams: linkOf }
      : { ...which, class: 'idc', inspect: inspectIdc, more: NOTHING_MORE };
  }
}

const linkOf: NonNullable<RingPlace['streams']> = (page, bufferOf) => {
  const rings = bufferOf(ringsGrant(page));
  if (rings === undefined || rings.byteLength < 2 * RING) return undefined;
  const { left, right } = linkStreams(page, rings);
  return { out: right, in: left };
};

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
    const looks = { inspect: inspectVchan, more: vchanGrants, streams: vchanStreams };
    yield { class: 'vchan', device, domid: owner, gref, evtchn, ...looks };
  }
}

/** A ring of Argo, and what it is for: `argo` and its port unless a connection at an address receives in it. */
export interface ArgoPlace extends Pick<RingPlace, 'class' | 'device' | 'domid'> {
  readonly ring: ArgoRingInfo;
}

/** All rings of Argo, at their receivers: the front ends, whose memory they are. */
export function argoPlaces({ hv, xs, domains }: XendContext): readonly ArgoPlace[] {
  const rings = [...domains.keys()].flatMap((domid) => hv.inspectArgo(domid).map((ring) => ({ domid, ring })));
  if (rings.length === 0) return [];
  const uses = argoUses(xs);
  return rings.map(({ domid, ring }) => {
    const { aport, partner } = ring;
    const device = partner === ARGO_DOMID_ANY ? `:${aport}` : `:${aport}/${partner}`;
    return { domid, ring, ...(uses.get(`${domid} ${aport}`) ?? { class: 'argo', device }) };
  });
}

/** By domid and port. */
function argoUses(xs: StoreConnection): ReadonlyMap<string, Pick<RingPlace, 'class' | 'device'>> {
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
