// SPDX-License-Identifier: Apache-2.0
import type { RingView } from '../devices/contract.ts';
import { inspectIdc } from '../devices/inspect.ts';
import { type DomId, EVTCHN_STATUS, type EvtchnPort } from '../hv/contract.ts';
import { DEFAULT_QUOTAS } from '../idc/contract.ts';
import { parseLevel } from '../idc/rendezvous-level.ts';
import { ADDRESSES } from '../idc/rendezvous-store.ts';
import type { StoreConnection } from '../xenstore/contract.ts';
import type { XendContext } from './context.ts';
import type { RingStats } from './contract.ts';

/** Where the rings of a connection are. */
interface RingPlace {
  readonly class: string;
  readonly device: string;
  /** Whose memory it is. */
  readonly domid: DomId;
  readonly gref: number;
  readonly evtchn: EvtchnPort;
  readonly inspect: typeof inspectIdc;
  /** Of a device whose class counts them. */
  readonly bytes?: number;
}

/** The indexes of a ring, and since when they are as they are. */
interface Seen {
  readonly indexes: string;
  readonly at: number;
}

/** By the memory, which is another one for each connection. */
const seen = new WeakMap<SharedArrayBuffer, Seen[]>();

/** All rings of connections that stand. */
export function ringStats(context: XendContext): readonly RingStats[] {
  return [...ringPlaces(context)].flatMap((place) => readRings(context, place));
}

/** Of devices, and of connections at addresses. */
export function* ringPlaces(context: XendContext): Generator<RingPlace> {
  yield* devicePlaces(context);
  yield* addressPlaces(context.xs);
}

function* devicePlaces({ domains }: XendContext): Generator<RingPlace> {
  for (const { devices } of domains.values()) {
    for (const { connection, front, class: deviceClass, name, counters } of devices.values()) {
      const gref = connection?.frames[0];
      if (connection === undefined || gref === undefined) continue;
      const { evtchn } = connection;
      const inspect = deviceClass.inspect ?? inspectIdc;
      const bytes = deviceClass.bytes?.(counters);
      const place = { class: deviceClass.name, device: name, domid: front.domid, gref, evtchn, inspect };
      yield bytes === undefined ? place : { ...place, bytes };
    }
  }
}

/** From the levels that the ends publish. A domain that lies there shows wrong rings of its own. */
function* addressPlaces(xs: StoreConnection): Generator<RingPlace> {
  const wanted = { quotas: DEFAULT_QUOTAS, channel: 'ring' } as const;
  for (const address of children(xs, ADDRESSES)) {
    for (const holder of children(xs, `${ADDRESSES}/${address}`)) {
      const directory = `${ADDRESSES}/${address}/${holder}`;
      for (const end of children(xs, directory)) {
        const domid = Number(holder);
        const { gref, port } = parseLevel(domid, end, xs.read(`${directory}/${end}`), wanted)?.offer ?? {};
        if (gref === undefined || port === undefined) continue;
        yield { class: 'idc', device: address, domid, gref, evtchn: port, inspect: inspectIdc };
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

function readRings({ hv }: XendContext, place: RingPlace): RingStats[] {
  const { class: kind, device, domid, gref, evtchn, inspect, bytes } = place;
  const memory = hv.peek(domid, gref);
  const front = hv.inspectPort(domid, evtchn);
  if (memory === undefined || front?.status !== EVTCHN_STATUS.interdomain) return [];
  const { remote: backId, remotePort: backEvtchn, sent: notifyFront } = front;
  const notifyBack = hv.inspectPort(backId, backEvtchn)?.sent ?? 0;
  const before = seen.get(memory) ?? [];
  const views = inspect(memory);
  const looks = views.map((view, index) => look(view, before[index]));
  seen.set(memory, looks);
  return views.map((view, index) => ({
    domid,
    backId,
    class: kind,
    device,
    evtchn,
    backEvtchn,
    ...view,
    notifyFront,
    notifyBack,
    ...(bytes !== undefined && view.direction === 'front>back' && { bytes }),
    lastProgress: looks[index]!.at,
  }));
}

/** What is seen for the first time may have stood still for long: then the ring's own times say more. */
function look({ reqProd, reqCons, rspProd, rspCons, timing }: RingView, last: Seen | undefined): Seen {
  const indexes = [reqProd, reqCons, rspProd, rspCons].join();
  if (last !== undefined) return last.indexes === indexes ? last : { indexes, at: Date.now() };
  return { indexes, at: Math.max(timing?.waitingSince ?? 0, timing?.answeredAt ?? 0) || Date.now() };
}
