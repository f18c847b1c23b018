// SPDX-License-Identifier: Apache-2.0
import { inspectRing, slotOffsets } from '../ring/request-ring.ts';
import { describeControl, layoutOf, type Side, SLOT_HEADER } from './layout.ts';

/** A request as its slot shows it from outside; what the domains write there may be anything. */
export interface RequestLook {
  readonly id: number;
  /** Nobody has taken it; it is being worked on; it is answered. */
  readonly state: 'waiting' | 'taken' | 'answered';
  /** A copy of its body; of one whose slot has an answer, with whatever is behind it. Undefined when the answer's body took its place. */
  readonly request: Uint8Array | undefined;
  /** Of its answer: 0, or what the service said is wrong. Undefined while there is none. */
  readonly error: number | undefined;
  /** A copy of the answer's body; empty while there is none. */
  readonly answer: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * The last requests of one end of a connection, oldest first, read without touching either end: slots keep what was in them.
 *
 * @param control the connection's memory; there are none in any other
 * @param requester whose requests
 */
export function latestRequests(control: SharedArrayBuffer, requester: Side, most: number): readonly RequestLook[] {
  const limits = describeControl(control);
  if (limits === undefined) return [];
  const { inFlight, bodyBytes } = limits;
  const place = layoutOf(limits).ring(control, requester);
  const { reqProd, reqCons, rspProd } = inspectRing(place);
  const words = new Int32Array(control);
  const offsetOf = slotOffsets(place);
  const isBelow = (index: number, end: number): boolean => ((end - index) | 0) > 0;
  const lengthAt = (word: number): number => Math.min(bodyBytes, words[word + 2]! >>> 0);

  const bodyAt = (at: number, length: number): Uint8Array => new Uint8Array(control, at + SLOT_HEADER, length).slice();
  const idAt = (index: number): number => words[(offsetOf(index) >> 2) + 3]! >>> 0;
  const first = reqProd - Math.min(inFlight, most);
  const wanted = new Set<number>();
  for (let index = first; index < reqProd; index++) wanted.add(idAt(index));
  const answers = new Map<number, { readonly error: number; readonly answer: Uint8Array }>();
  for (let back = inFlight; back > 0; back--) {
    const index = reqProd - back;
    const at = offsetOf(index);
    const word = at >> 2;
    if (!isBelow(index, rspProd)) break;
    const id = words[word + 1]! >>> 0;
    // Only these are copied: a domain may have as many slots as it has memory.
    if (wanted.has(id)) answers.set(id, { error: words[word]!, answer: bodyAt(at, lengthAt(word)) });
  }
  const looks: RequestLook[] = [];
  for (let index = first; index < reqProd; index++) {
    const at = offsetOf(index);
    const word = at >> 2;
    const id = idAt(index);
    // Nothing was ever there.
    if (id === 0) continue;
    const overwritten = isBelow(index, rspProd);
    const length = overwritten ? bodyBytes : lengthAt(word);
    const legible = !overwritten || lengthAt(word) === 0;
    const answer = answers.get(id);
    looks.push({
      id,
      state: answer !== undefined ? 'answered' : isBelow(index, reqCons) ? 'taken' : 'waiting',
      request: legible ? bodyAt(at, length) : undefined,
      error: answer?.error,
      answer: answer?.answer ?? NOTHING,
    });
  }
  return looks;
}
