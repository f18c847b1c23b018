// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copyHistory, historySize, openHistory } from '../../../../src/devices/console/history.ts';

const CAPACITY = 16;
const memory = () => new SharedArrayBuffer(historySize(CAPACITY));
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

describe('a history', () => {
  test('keeps the last bytes, whatever the pieces are that they come in', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary-ascii', maxLength: 40 }), { maxLength: 20 }), (pieces) => {
        const shared = memory();
        const history = openHistory(shared);
        for (const piece of pieces) history.append(Buffer.from(piece, 'latin1'));
        const all = pieces.join('');
        expect(history.end).toBe(all.length);
        expect(text(history.read(history.start, CAPACITY))).toBe(all.slice(-CAPACITY));
        const copy = copyHistory(shared);
        expect(copy.start).toBe(history.start);
        expect(text(copy.bytes)).toBe(all.slice(-CAPACITY));
      }),
    );
  });

  test('goes on where the writer before stopped', () => {
    const shared = memory();
    openHistory(shared).append(Buffer.from('from the first one, '));
    const second = openHistory(shared);
    second.append(Buffer.from('now'));
    expect(text(copyHistory(shared).bytes)).toBe(' first one, now'.padStart(CAPACITY, 'e'));
    expect(copyHistory(shared).start).toBe(23 - CAPACITY);
  });

  test('says how many of the bytes that are left were shown', () => {
    const shared = memory();
    const history = openHistory(shared);
    history.append(Buffer.from('0123456789'));
    history.shown = 4;
    expect(copyHistory(shared)).toMatchObject({ start: 0, shown: 4 });
    history.append(Buffer.from('0123456789'));
    expect(copyHistory(shared)).toMatchObject({ start: 4, shown: 0 });
    history.append(Buffer.from('0123456789'));
    expect(copyHistory(shared)).toMatchObject({ start: 14, shown: 0 });
    history.shown = 30;
    expect(copyHistory(shared)).toMatchObject({ start: 14, shown: 16 });
  });

  test('that is being overwritten gives nothing that may be either', () => {
    const shared = memory();
    const history = openHistory(shared);
    history.append(Buffer.from('0123456789abcdef'));
    // A writer that has begun, and may be anywhere in it.
    new BigInt64Array(shared, 0, 1)[0] = 20n;
    expect(copyHistory(shared)).toMatchObject({ start: 4 });
    expect(text(copyHistory(shared).bytes)).toBe('456789abcdef');
    new BigInt64Array(shared, 0, 1)[0] = 1000n;
    expect(copyHistory(shared)).toMatchObject({ start: 16, shown: 0, bytes: { length: 0 } });
  });
});
