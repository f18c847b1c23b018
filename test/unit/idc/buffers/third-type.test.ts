// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { localBuffer, slice } from '../../../../src/idc/buffers/local-buffer.ts';
import { STACK_BYTES } from '../../../../src/idc/buffers/stack.ts';
import { createStandardBuffers } from '../../../../src/idc/buffers/standard.ts';
import { copied, createRig, KINDS, pattern, reversedProvider, run } from './makers.ts';

/** Longer than the stack, except for the stack itself. */
const lengthFor = (kind: string): number => (kind === 'stack' ? STACK_BYTES - 1 : 2 * STACK_BYTES + 333);

describe('a provider with stack copies only', () => {
  test.each(KINDS)('to and from %s', async (kind) => {
    using rig = createRig();
    const length = lengthFor(kind);
    const content = pattern(length);
    const source = await rig.make.reversed!(content);
    const middle = await rig.make[kind]!(new Uint8Array(length), 11);
    const target = await rig.make.reversed!(new Uint8Array(length));
    await copied(rig.types, source.buffer, middle.buffer);
    expect(await middle.content()).toEqual(content);
    await copied(rig.types, middle.buffer, target.buffer);
    expect(await target.content()).toEqual(content);
    expect((await run(rig.types, 'move', middle.buffer, source.buffer)).error).toBeUndefined();
    expect(await source.content()).toEqual(content);
    expect(rig.store.check()).toEqual([]);
  });

  test('a method for a pair changes what is called, not the result', async () => {
    const results = await Promise.all(
      [false, true].map(async (direct) => {
        const calls = { count: 0 };
        const { types, bytes } = createStandardBuffers();
        const reversed = types.register(reversedProvider(calls));
        if (direct) {
          types.pair(bytes.type, reversed, (source, target, done) => {
            const { length } = source;
            const end = target.base.length - target.offset;
            target.base.subarray(end - length, end).set(
              source.base
                .subarray(source.offset, source.offset + length)
                .slice()
                .reverse(),
            );
            done(undefined, length);
          });
        }
        const base = new Uint8Array(100_000);
        await copied(types, slice(bytes.of(pattern(90_000)), 7), slice(localBuffer(reversed, base, 0, 100_000), 5_000));
        return { base, calls: calls.count };
      }),
    );
    expect(results.map(({ calls: count }) => count)).toEqual([Math.ceil(89_993 / STACK_BYTES), 0]);
    expect(results[1]!.base).toEqual(results[0]!.base);
  });
});
