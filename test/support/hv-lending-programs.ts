// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PAGE_SIZE } from '../../src/hv/contract.ts';
import { saveFrames } from '../../src/hv/frames-vector.ts';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import { CHUNK_BYTES, REFERENCE_BYTES } from '../../src/hv/lending-contract.ts';
import { borrow, pinNow } from './hv-lending.ts';
import type { Task } from './hv-programs.ts';
import { tell, WORD, type Words } from './hv-words.ts';
import { seededRandom } from './random.ts';

/** Words of the mailbox: whether it is being written (odd) and how often it was; then a number and a reference. */
const SEQUENCE = WORD.mailbox;
const NUMBER = SEQUENCE + 1;
const REFERENCE = SEQUENCE + 2;

/** Puts a reference where the programs here look for it, with a number that they write through it. */
export function publishReference(words: Words, number: number, reference: Uint8Array): void {
  Atomics.add(words, SEQUENCE, 1);
  Atomics.store(words, NUMBER, number);
  const from = new DataView(reference.buffer, reference.byteOffset);
  for (let word = 0; word < REFERENCE_BYTES / 4; word++) {
    Atomics.store(words, REFERENCE + word, from.getInt32(4 * word, true));
  }
  Atomics.add(words, SEQUENCE, 1);
}

/** Takes what was published. @returns its number, or undefined if it was changing */
function takeReference(words: Words, target: Uint8Array): number | undefined {
  const before = Atomics.load(words, SEQUENCE);
  const number = Atomics.load(words, NUMBER);
  const to = new DataView(target.buffer);
  for (let word = 0; word < REFERENCE_BYTES / 4; word++) {
    to.setInt32(4 * word, Atomics.load(words, REFERENCE + word), true);
  }
  return before % 2 === 0 && Atomics.load(words, SEQUENCE) === before ? number : undefined;
}

/**
 * Writes its number through whatever reference is published, as often as it can: ranges of random length and place, until it
 * is refused. Counts the writes, and those that were refused.
 */
export async function lendingFlood({ lending }: HypercallClient, { words, seed = 1 }: Task): Promise<never> {
  const random = seededRandom(seed);
  const reference = new Uint8Array(REFERENCE_BYTES);
  const body = new Int32Array(CHUNK_BYTES / 4);
  let writes = 0;
  for (let round = 0; ; round++) {
    const number = takeReference(words, reference);
    if (number !== undefined) {
      lending.open(reference, 0, (borrowed) => {
        if (borrowed === undefined) return;
        for (let left = 50; left > 0; left--) {
          // Mostly short, at times all of it.
          const size = 4 * random.below(body.length >> random.below(14));
          const offset = 4 * random.below((borrowed.length - size) / 4 + 1);
          body.fill(number, 0, size >> 2);
          const written = borrowed.write(offset, new Uint8Array(body.buffer, 0, size));
          if (typeof written === 'string') {
            Atomics.add(words, WORD.held, 1);
            break;
          }
          Atomics.store(words, WORD.count, ++writes);
        }
      });
    }
    // The first answer about an owner comes by message.
    if (round % 64 === 0 || writes === 0) await nextTurn();
  }
}

/** Pins what is published, says so and does nothing more. */
export async function lendingHold(dom: HypercallClient, { words }: Task): Promise<never> {
  const reference = new Uint8Array(REFERENCE_BYTES);
  takeReference(words, reference);
  pinNow(await borrow(dom, reference), 'write');
  tell(words, WORD.held, 1);
  for (;;) Atomics.wait(words, WORD.done, 0);
}

/** Pages that {@link pagesFlood} has and sends: more than are counted at once. */
export const FLOOD_PAGES = 96;

/**
 * Sends pages of its own to pages that are published, ranges of random length and place, and writes to its own in between. Counts
 * what was sent, and what was refused.
 */
export async function pagesFlood(dom: HypercallClient, { words, seed = 1 }: Task): Promise<never> {
  const { below } = seededRandom(seed);
  const reference = new Uint8Array(REFERENCE_BYTES);
  takeReference(words, reference);
  const own = (await dom.frames.pool(FLOOD_PAGES)).alloc(FLOOD_PAGES)!;
  const borrowed = await borrow(dom, reference);
  for (let round = 0; ; round++) {
    saveFrames(own, below(FLOOD_PAGES) * PAGE_SIZE, new Uint8Array(PAGE_SIZE).fill(1 + (round % 255)));
    const count = below(3) === 0 ? FLOOD_PAGES : 1 + below(FLOOD_PAGES);
    const at = below(FLOOD_PAGES - count + 1) * PAGE_SIZE;
    const sent = borrowed.exchange('write', at, own, at, count * PAGE_SIZE, true);
    Atomics.add(words, typeof sent === 'string' ? WORD.held : WORD.count, 1);
  }
}
