// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { slice } from '../../../../src/idc/buffers/local-buffer.ts';
import { copied, createRig, KINDS, pattern, run } from './makers.ts';

describe('memory', () => {
  test.each([
    [0, 10],
    [10, 0],
    [5, 5],
  ])('overlapping from %d to %d copies as if there were a third', async (from, to) => {
    using rig = createRig();
    const memory = pattern(100);
    const buffer = rig.bytes.of(memory);
    await copied(rig.types, slice(buffer, from, 50), slice(buffer, to));
    expect(memory).toEqual(pattern(100).copyWithin(to, from, from + 50));
  });

  test.each(KINDS)('that has shrunk since its buffer was made is refused to and from %s', async (kind) => {
    using rig = createRig();
    const shrinking = new ArrayBuffer(100, { maxByteLength: 100 });
    const buffer = rig.bytes.of(new Uint8Array(shrinking));
    const { buffer: other, content } = await rig.make[kind]!(pattern(100));
    shrinking.resize(99);
    const refused = { error: expect.objectContaining({ code: 'ERANGE' }), bytes: 0 };
    expect(await run(rig.types, 'copy', buffer, other)).toEqual(refused);
    expect(await run(rig.types, 'copy', other, buffer)).toEqual(refused);
    expect(await content()).toEqual(pattern(100));
    expect(rig.store.check()).toEqual([]);
  });
});
