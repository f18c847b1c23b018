// SPDX-License-Identifier: Apache-2.0
import { latestMessages } from '../hv/argo-latest.ts';
import { latestRequests, type RequestLook } from '../idc/latest.ts';
import { connectionOf, type Side } from '../idc/layout.ts';
import { type ByteRingPlace, inspectByteRing, latestBytes } from '../ring/byte-ring.ts';
import { channelNumber } from '../trace/channel.ts';
import { commonClock } from '../trace/clock.ts';
import { type ExchangeTimes, findExchanges } from '../trace/exchanges.ts';
import type { XendContext } from './context.ts';
import type { RingMessage, RingName } from './contract.ts';
import { argoPlaces, type RingPlace, ringPlaces } from './ring-places.ts';

/** Messages that are shown unless said, and at most. */
const MESSAGES = 8;
const MOST = 64;
/** Bytes of a line of bytes, and of a request that has no better words. */
const LINE = 48;
const SHOWN = 16;

/**
 * The last messages of a ring, oldest first, as far as they are still in its memory: no domain is asked, and none does anything for it.
 * None of a ring that is not there.
 */
export function ringMessages(
  context: XendContext,
  { count = MESSAGES, ...name }: RingName & { readonly count?: number },
): readonly RingMessage[] {
  const most = Math.min(count, MOST);
  const place = ringPlaces(context).find(
    (one) =>
      one.domid === name.domid && one.class === name.class && one.device === name.device && one.evtchn === name.evtchn,
  );
  const memory = place && context.hv.peek(place.domid, place.gref);
  if (place === undefined || memory === undefined) return argoMessages(context, name, most);
  if (place.streams === undefined) return requests(context, place, memory, name, most);
  const streams = place.streams(memory, (gref) => context.hv.peek(place.domid, gref));
  if (streams === undefined) return [];
  return bytesOf(name.direction === 'out' ? streams.out : streams.in, most);
}

function requests(
  { hv }: XendContext,
  { describe }: RingPlace,
  memory: SharedArrayBuffer,
  { domid, backId, direction }: RingName,
  most: number,
): readonly RingMessage[] {
  const requester: Side = direction === 'front>back' ? 'front' : 'back';
  const looks = latestRequests(memory, requester, most);
  const track = hv.tracing.tracks().find((one) => one.domid === (requester === 'front' ? domid : backId));
  const ids = looks.map(({ id }) => id);
  const times = track && findExchanges(track.memory, channelNumber(connectionOf(memory), requester), ids);
  const now = track === undefined ? 0 : commonClock()();
  return looks.map((look) => ({
    id: look.id,
    state: look.state,
    text: textOf(look, describe),
    ...(look.error !== undefined && { error: look.error }),
    ...timesOf(times?.get(look.id), now),
  }));
}

function textOf({ request, state, answer }: RequestLook, describe: RingPlace['describe']): string {
  if (request === undefined) return `answered with ${answer.length} bytes ${legible(answer.subarray(0, SHOWN))}`;
  if (describe !== undefined) return describe(request);
  // How long an answered one was is not there any more.
  const shown = legible(request.subarray(0, SHOWN));
  return state === 'answered' ? `begins ${shown}` : `${request.length} bytes ${shown}`;
}

function timesOf({ asked, done }: ExchangeTimes = {}, now: number): Pick<RingMessage, 'age' | 'latency'> {
  if (asked === undefined) return {};
  return { age: Math.max(0, (now - asked) / 1000), ...(done !== undefined && { latency: Math.max(0, done - asked) }) };
}

/** Lines of bytes, which have no messages: those that were read and those that were not never in one line. */
function bytesOf(place: ByteRingPlace, most: number): readonly RingMessage[] {
  const bytes = latestBytes(place, most * LINE);
  const { used } = inspectByteRing('out', place);
  const read = Math.max(0, bytes.length - used);
  const lines: RingMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const isRead = at < read;
    const end = Math.min(at + LINE, isRead ? read : bytes.length);
    lines.push({ state: isRead ? 'taken' : 'waiting', text: legible(bytes.subarray(at, end)) });
    at = end;
  }
  return lines.slice(-most);
}

function argoMessages(context: XendContext, name: RingName, most: number): readonly RingMessage[] {
  const { domains } = context;
  const place = argoPlaces(context).find(
    ({ class: kind, device, domid, ring }) =>
      kind === name.class && device === name.device && domid === name.domid && ring.partner === name.backId,
  );
  if (place === undefined) return [];
  return latestMessages(place.ring.memory, most).map(({ domid, aport, length, bytes, received }) => ({
    state: received ? 'taken' : 'waiting',
    text: `from ${domains.get(domid)?.name ?? domid}:${aport}, ${length} bytes ${legible(bytes.subarray(0, SHOWN))}`,
  }));
}

/** Bytes as text where that is what they are, else as numbers. A terminal must not take them for commands. */
function legible(bytes: Uint8Array): string {
  const isText = bytes.every(
    (byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09,
  );
  if (isText) return JSON.stringify(Buffer.from(bytes).toString('latin1'));
  return Buffer.from(bytes.subarray(0, LINE / 2)).toString('hex');
}
