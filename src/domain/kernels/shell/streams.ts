// SPDX-License-Identifier: Apache-2.0

/** Gives the next bytes of a stream: fills all of `target`, whose length is a multiple of 4. */
export type ByteStream = (target: Uint8Array) => void;

/**
 * A pseudo-random stream that depends on nothing but its seed, so that any program can make it again: Marsaglia's xorshift128,
 * each 32-bit word little-endian. Its four words of state come from a splitmix generator (increment 0x9e3779b9, and the
 * finalizer of MurmurHash3), which makes near seeds give streams that have nothing in common.
 *
 * @param seed a whole number; its lowest 32 bits count
 */
export function randomStream(seed: number): ByteStream {
  let counter = seed >>> 0;
  const mixed = () => {
    counter = (counter + 0x9e3779b9) | 0;
    let word = counter;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return word ^ (word >>> 16);
  };
  let [x, y, z, w] = [mixed(), mixed(), mixed(), mixed()];
  return (target) => {
    const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    for (let at = 0; at < target.length; at += 4) {
      const t = x ^ (x << 11);
      [x, y, z] = [y, z, w];
      w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
      view.setInt32(at, w, true);
    }
  };
}

/** The same bytes over and over. */
export function repeatedStream(pattern: Uint8Array): ByteStream {
  let next = 0;
  return (target) => {
    for (let at = 0; at < target.length; at++) {
      target[at] = pattern[next]!;
      next = (next + 1) % pattern.length;
    }
  };
}
