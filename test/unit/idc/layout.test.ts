// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_QUOTAS } from '../../../src/idc/contract.ts';
import { describeControl, initControl, layoutOf } from '../../../src/idc/layout.ts';
import { createRingChannel } from '../../../src/idc/ring-channel.ts';
import { ringBytes } from '../../../src/ring/request-ring.ts';
import { SILENT_BELL } from '../../support/idc-pairs.ts';

const quotasOf = fc.record({
  inFlight: fc.nat(8).map((bits) => 2 ** bits),
  bodyBytes: fc.nat(600),
});

test('the rings of both sides lie in the area, aligned, and do not touch', () => {
  fc.assert(
    fc.property(quotasOf, (quotas) => {
      const layout = layoutOf(quotas);
      const buffer = new SharedArrayBuffer(0);
      const parts = (['front', 'back'] as const).map((side) => {
        const { base, slots, slotBytes } = layout.ring(buffer, side);
        expect(slotBytes).toBeGreaterThanOrEqual(16 + quotas.bodyBytes);
        return { at: base, length: ringBytes(slots, slotBytes) };
      });
      let end = 64;
      for (const { at, length } of parts.toSorted((a, b) => a.at - b.at || a.length - b.length)) {
        expect(at % 64).toBe(0);
        expect(at).toBeGreaterThanOrEqual(end);
        end = at + length;
      }
      expect(layout.controlBytes).toBeGreaterThanOrEqual(end);
    }),
  );
});

test('a control area says what it is like', () => {
  fc.assert(
    fc.property(quotasOf, (quotas) => {
      const buffer = new SharedArrayBuffer(layoutOf(quotas).controlBytes);
      expect(describeControl(buffer)).toBeUndefined();
      initControl(buffer, quotas);
      expect(describeControl(buffer)).toEqual(quotas);
    }),
  );
});

test('an area that lies about itself is not believed, or at least all that it says lies within it', () => {
  const odd = fc.oneof(fc.integer(), fc.constantFrom(0, 1, 2, 3, 32, 64, -1, 0x7fffffff, 0x7fffffe0, 65536, 0x4000000));
  const buffer = new SharedArrayBuffer(layoutOf(DEFAULT_QUOTAS).controlBytes);
  initControl(buffer, DEFAULT_QUOTAS);
  const words = new Int32Array(buffer);
  fc.assert(
    fc.property(fc.tuple(odd, odd), (said) => {
      words.set(said, 1);
      const quotas = describeControl(buffer);
      if (quotas === undefined) return;
      const layout = layoutOf(quotas);
      const { base, slots, slotBytes } = layout.ring(buffer, 'back');
      expect(base + ringBytes(slots, slotBytes)).toBeLessThanOrEqual(buffer.byteLength);
      expect(Math.log2(slots) % 1).toBe(0);
    }),
    { numRuns: 5000 },
  );
});

test('a channel is not made over memory that is too small', () => {
  const { controlBytes } = layoutOf(DEFAULT_QUOTAS);
  const make = (bytes: number) => () =>
    createRingChannel({ control: new SharedArrayBuffer(bytes), quotas: DEFAULT_QUOTAS, side: 'back' }, SILENT_BELL);
  expect(make(controlBytes - 1)).toThrow(RangeError);
  expect(make(controlBytes)).not.toThrow();
});
