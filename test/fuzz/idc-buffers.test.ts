// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FrameVector, PAGE_SIZE } from '../../src/hv/contract.ts';
import type { LocalBuffer } from '../../src/idc/buffers/contract.ts';
import { slice } from '../../src/idc/buffers/local-buffer.ts';
import { pagesOf } from '../../src/idc/buffers/pages.ts';
import { STACK_BYTES } from '../../src/idc/buffers/stack.ts';
import { createStandardBuffers } from '../../src/idc/buffers/standard.ts';
import { copied, createRig, createStore, KINDS, look, pattern, run } from '../unit/idc/buffers/makers.ts';

const PAGE = PAGE_SIZE;
const EDGES = [0, 1, 7, 8, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, STACK_BYTES - 1, STACK_BYTES];
const LONGER = [...EDGES, STACK_BYTES + 1, 2 * STACK_BYTES, 64 * PAGE - 1, 64 * PAGE + 1, 70 * PAGE + 3];
const start = fc.oneof(fc.constantFrom(0, 1, 8, PAGE - 1), fc.nat(PAGE - 1));

const PAIRS = KINDS.flatMap((from) => KINDS.map((to) => [from, to] as const));

describe('every pair of types copies as a reference copy does, and touches nothing beside', () => {
  test.each(PAIRS)('%s to %s', async (from, to) => {
    using rig = createRig();
    const small = from === 'stack' || to === 'stack';
    const length = fc.oneof(
      fc.constantFrom(...(small ? EDGES : LONGER)),
      fc.nat(small ? STACK_BYTES : 3 * STACK_BYTES),
    );
    const around = fc.nat(small ? 0 : 5000);
    await fc.assert(
      fc.asyncProperty(
        length,
        fc.record({ start, before: around, after: around }),
        fc.record({ start, before: around, after: around }),
        fc.constantFrom('copy' as const, 'move' as const),
        async (size, source, target, verb) => {
          const content = pattern(source.before + size + source.after, 1);
          const room = pattern(target.before + size + target.after, 2);
          const one = await rig.make[from]!(content, source.start);
          const other = await rig.make[to]!(room, target.start);
          const outcome = await run(
            rig.types,
            verb,
            slice(one.buffer, source.before, size),
            slice(other.buffer, target.before),
          );
          expect(outcome).toEqual({ error: undefined, bytes: size });
          const expected = room.slice();
          expected.set(content.subarray(source.before, source.before + size), target.before);
          expect(Buffer.compare(await other.content(), expected)).toBe(0);
          const left = await one.content();
          const checked = verb === 'copy' ? size : 0;
          expect(
            Buffer.compare(left.subarray(0, source.before + checked), content.subarray(0, source.before + checked)),
          ).toBe(0);
          expect(Buffer.compare(left.subarray(source.before + size), content.subarray(source.before + size))).toBe(0);
          expect(rig.store.check()).toEqual([]);
          for (const { buffer } of [one, other]) {
            if (buffer.type === rig.pages.type) rig.pool.free(buffer as LocalBuffer<FrameVector>);
            if (buffer.type === rig.types.stack) rig.types.giveStack(buffer as LocalBuffer<Uint8Array>);
          }
        },
      ),
      { numRuns: from === 'file' || to === 'file' ? 12 : 25 },
    );
    expect(rig.pool.used).toBe(0);
  });
});

describe('pages against plain memory', () => {
  /** An operation and the numbers that its arguments are picked by. */
  const step = fc.record({
    op: fc.constantFrom('copy', 'copy', 'copy', 'move', 'write', 'alloc', 'alloc', 'free', 'drop'),
    one: fc.nat(7),
    other: fc.nat(7),
    from: fc.oneof(start, fc.constantFrom(PAGE, 2 * PAGE)),
    to: fc.oneof(start, fc.constantFrom(PAGE, 2 * PAGE)),
    length: fc.oneof(fc.nat(4 * PAGE), fc.constantFrom(PAGE, 2 * PAGE, 3 * PAGE, 4 * PAGE)),
  });
  const QUOTA = 24;

  test.each([true, false])('any sequence of operations; sharing: %s', async (sharing) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const { types, bytes, pages } = createStandardBuffers({ sharing });
        const store = createStore(pages);
        const pool = store.pool(QUOTA);
        let seed = 0;
        const live: { buffer: LocalBuffer<FrameVector>; model: Uint8Array }[] = [];
        for (const { op, one, other, from, to, length } of steps) {
          const a = live[one % live.length];
          const b = live[other % live.length];
          if (op === 'alloc') {
            const needed = length === 0 ? 0 : Math.ceil(((from % PAGE) + length) / PAGE);
            const room = QUOTA - pool.used;
            const buffer = pool.alloc(length, from % PAGE);
            expect(buffer !== undefined).toBe(needed <= room);
            if (buffer !== undefined) live.push({ buffer, model: new Uint8Array(length) });
          }
          if (a === undefined || b === undefined) continue;
          const at = Math.min(from, a.model.length);
          const into = Math.min(to, b.model.length);
          const size = Math.min(length, a.model.length - at, b.model.length - into);
          if (op === 'free') {
            pool.free(a.buffer);
            live.splice(live.indexOf(a), 1);
          } else if (op === 'write') {
            const data = pattern(size, ++seed);
            await copied(types, bytes.of(data), slice(b.buffer, into));
            b.model.set(data, into);
          } else if (op === 'copy') {
            await copied(types, slice(a.buffer, at, size), slice(b.buffer, into, size));
            b.model.set(a.model.slice(at, at + size), into);
          } else if (op === 'move') {
            const overlaps = a === b && size > 0 && Math.abs(at - into) < size;
            const { error } = await run(types, 'move', slice(a.buffer, at, size), slice(b.buffer, into, size));
            expect(error !== undefined).toBe(overlaps);
            if (overlaps) continue;
            b.model.set(a.model.slice(at, at + size), into);
            // The source is undefined now: what it holds is what the model goes on with.
            a.model.set(await look(types, bytes, slice(a.buffer, at, size)), at);
          } else if (op === 'drop') {
            const range = pagesOf(a.buffer);
            const begin = other * PAGE - range.start;
            const whole = begin >= 0 && begin + PAGE <= a.model.length;
            expect(range.drop(other)).toBe(whole);
            if (whole) a.model.fill(0, begin, begin + PAGE);
          }
          expect(store.check()).toEqual([]);
          for (const { buffer, model } of live) {
            expect(Buffer.compare(await look(types, bytes, buffer), model)).toBe(0);
          }
        }
        const { pages: used, references } = store.usage();
        expect(used).toBeLessThanOrEqual(references);
        expect(references).toBeLessThanOrEqual(pool.used);
        for (const { buffer } of live) pool.free(buffer);
        expect([pool.used, store.usage().pages]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
