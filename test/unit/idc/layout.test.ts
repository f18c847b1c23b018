// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_QUOTAS, type Quotas } from '../../../src/idc/contract.ts';
import { describeControl, ENTRY_BYTES, initControl, layoutOf } from '../../../src/idc/layout.ts';
import { createRingChannel } from '../../../src/idc/ring-channel.ts';
import { ringBytes } from '../../../src/ring/request-ring.ts';
import { SILENT_BELL } from '../../support/idc-pairs.ts';

const quotasOf = fc.record({
  inFlight: fc.nat(8).map((bits) => 2 ** bits),
  bodyBytes: fc.nat(600),
  poolBytes: fc.nat(4).map((pages) => pages * 4096),
  registrations: fc.nat(70),
  backPoolBytes: fc.nat(4).map((pages) => pages * 4096),
});

test('rings and tables of both sides lie in the area, aligned, and do not touch', () => {
  fc.assert(
    fc.property(quotasOf, (quotas) => {
      const layout = layoutOf(quotas);
      const buffer = new SharedArrayBuffer(0);
      const parts = (['front', 'back'] as const).flatMap((side) => {
        const { base, slots, slotBytes } = layout.ring(buffer, side);
        expect(slotBytes).toBeGreaterThanOrEqual(16 + quotas.bodyBytes);
        return [
          { at: base, length: ringBytes(slots, slotBytes) },
          { at: layout.table(side), length: quotas.registrations * ENTRY_BYTES },
        ];
      });
      let end = 64;
      for (const { at, length } of parts.toSorted((a, b) => a.at - b.at || a.length - b.length)) {
        expect(at % 64).toBe(0);
        expect(at).toBeGreaterThanOrEqual(end);
        end = at + length;
      }
      expect(layout.controlBytes).toBeGreaterThanOrEqual(end);
      expect([layout.pool('front'), layout.pool('back'), layout.poolBytes]).toEqual([
        0,
        quotas.poolBytes,
        quotas.poolBytes + quotas.backPoolBytes,
      ]);
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
    fc.property(fc.tuple(odd, odd, odd, odd, odd), (said) => {
      words.set(said, 1);
      const quotas = describeControl(buffer);
      if (quotas === undefined) return;
      const layout = layoutOf(quotas);
      const { base, slots, slotBytes } = layout.ring(buffer, 'back');
      expect(base + ringBytes(slots, slotBytes)).toBeLessThanOrEqual(buffer.byteLength);
      expect(layout.table('back') + quotas.registrations * ENTRY_BYTES).toBeLessThanOrEqual(buffer.byteLength);
      expect(Math.log2(slots) % 1).toBe(0);
      expect(Math.min(layout.pool('back'), layout.poolBytes - layout.pool('back'))).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 5000 },
  );
});

test('a channel is not made over memory that is too small', () => {
  const quotas: Quotas = { ...DEFAULT_QUOTAS, poolBytes: 4096 };
  const { controlBytes, poolBytes } = layoutOf(quotas);
  const make = (control: number, pool: number | undefined) => () =>
    createRingChannel(
      {
        control: new SharedArrayBuffer(control),
        pool: pool === undefined ? undefined : new SharedArrayBuffer(pool),
        quotas,
        side: 'back',
      },
      SILENT_BELL,
    );
  expect(make(controlBytes - 1, poolBytes)).toThrow(RangeError);
  expect(make(controlBytes, poolBytes - 1)).toThrow(RangeError);
  expect(make(controlBytes, undefined)).toThrow(RangeError);
  expect(make(controlBytes, poolBytes)).not.toThrow();
});
