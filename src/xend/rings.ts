// SPDX-License-Identifier: Apache-2.0
import type { RingView } from '../devices/contract.ts';
import { type ArgoMemory, readArgoRing } from '../hv/argo-memory.ts';
import { type DomId, EVTCHN_STATUS, VIRQ } from '../hv/contract.ts';
import type { XendContext } from './context.ts';
import type { RingStats } from './contract.ts';
import { argoPlaces, type RingPlace, ringPlaces } from './ring-places.ts';

/** The indexes of a ring, and since when they are as they are. */
interface Seen {
  readonly indexes: string;
  readonly at: number;
}

/** By the memory, which is another one for each connection. */
const seen = new WeakMap<SharedArrayBuffer, readonly Seen[]>();

/** All rings of connections that stand, and all of Argo's. */
export function ringStats(context: XendContext): readonly RingStats[] {
  return [...ringPlaces(context).flatMap((place) => readRings(context, place)), ...argoRings(context)];
}

function readRings({ hv }: XendContext, place: RingPlace): RingStats[] {
  const { class: kind, device, domid, gref, evtchn, inspect, bytes } = place;
  const memory = hv.peek(domid, gref);
  const front = hv.inspectPort(domid, evtchn);
  if (memory === undefined || front?.status !== EVTCHN_STATUS.interdomain) return [];
  const { remote: backId, remotePort: backEvtchn, sent: notifyFront } = front;
  const notifyBack = hv.inspectPort(backId, backEvtchn)?.sent ?? 0;
  const views = inspect(memory);
  const progress = lastProgress(memory, views);
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
    lastProgress: progress[index]!,
  }));
}

function argoRings(context: XendContext): readonly RingStats[] {
  const places = argoPlaces(context);
  const bells = new Map(
    [...new Set(places.map(({ domid }) => domid))].map((domid) => [domid, argoPort(context, domid)]),
  );
  return places.map(({ domid, ring: { partner, memory }, class: kind, device }) => {
    const { port = -1, received = 0 } = bells.get(domid) ?? {};
    const view = argoView(memory);
    return {
      domid,
      backId: partner,
      class: kind,
      device,
      evtchn: port,
      backEvtchn: -1,
      ...view,
      notifyFront: 0,
      // It is raised by whoever copies, for all rings of the domain.
      notifyBack: received,
      lastProgress: lastProgress(memory.buffer, [view])[0]!,
    };
  });
}

/** Where VIRQ_ARGO comes. */
function argoPort({ hv }: XendContext, domid: DomId) {
  return hv.inspectPorts(domid).find(({ status, virq }) => status === EVTCHN_STATUS.virq && virq === VIRQ.argo);
}

function argoView(memory: ArgoMemory): RingView {
  const { used, sentBytes, messages, waiting } = readArgoRing(memory);
  const taken = (sentBytes - used) >>> 0;
  const indexes = { reqProd: sentBytes, reqCons: taken, rspProd: taken, rspCons: taken };
  return { direction: 'in', size: memory.length, used, ...indexes, messages, waiting };
}

/** When each ring of a memory was seen to move last. */
function lastProgress(memory: SharedArrayBuffer, views: readonly RingView[]): readonly number[] {
  const before = seen.get(memory) ?? [];
  const looks = views.map((view, index) => look(view, before[index]));
  seen.set(memory, looks);
  return looks.map(({ at }) => at);
}

/** What is seen for the first time may have stood still for long: then the ring's own times say more. */
function look({ reqProd, reqCons, rspProd, rspCons, timing }: RingView, last: Seen | undefined): Seen {
  const indexes = [reqProd, reqCons, rspProd, rspCons].join();
  if (last !== undefined) return last.indexes === indexes ? last : { indexes, at: Date.now() };
  return { indexes, at: Math.max(timing?.waitingSince ?? 0, timing?.answeredAt ?? 0) || Date.now() };
}
