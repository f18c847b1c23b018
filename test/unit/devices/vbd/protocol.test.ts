// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countOf,
  describeRequest,
  getInfo,
  opOf,
  putInfo,
  putRequest,
  sectorOf,
} from '../../../../src/devices/vbd/protocol.ts';

const SECTORS = fc.integer({ min: 1, max: 2 ** 44 - 1 });

describe('the block protocol', () => {
  test('a request says what was put into it', () => {
    const any = [fc.integer({ min: 0, max: 255 }), fc.maxSafeNat(), fc.integer({ min: 0, max: 2 ** 32 - 1 })] as const;
    fc.assert(
      fc.property(...any, (op, sector, count) => {
        const parameters = new Uint8Array(16).fill(0xee);
        putRequest(parameters, op, sector, count);
        expect([opOf(parameters), sectorOf(parameters), countOf(parameters)]).toEqual([op, sector, count]);
      }),
    );
  });

  test('numbers are little-endian at fixed offsets', () => {
    const parameters = new Uint8Array(16);
    putRequest(parameters, 5, 0x1_0203_0405, 0x0a0b0c0d);
    expect([...parameters]).toEqual([5, 0, 0, 0, 13, 12, 11, 10, 5, 4, 3, 2, 1, 0, 0, 0]);
  });

  test('the largest sector number is beyond any disk, not wrapped', () => {
    expect(sectorOf(new Uint8Array(16).fill(255))).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  });

  test('an info answer says what was put into it', () => {
    fc.assert(
      fc.property(SECTORS, fc.boolean(), fc.integer({ min: 1, max: 2 ** 32 - 1 }), (sectors, readonly, maxSectors) => {
        const status = new Uint8Array(64);
        const length = putInfo(status, { sectors, readonly, maxSectors });
        expect(getInfo(status.slice(0, length))).toEqual({ sectors, readonly, maxSectors });
      }),
    );
  });

  test.each([
    ['no sectors', 0, 128],
    ['more bytes than a number holds', 2 ** 50, 128],
    ['no request size', 8, 0],
  ])('an answer with %s describes no disk', (_, sectors, maxSectors) => {
    const status = new Uint8Array(64);
    const length = putInfo(status, { sectors, readonly: false, maxSectors });
    expect(getInfo(status.slice(0, length))).toBeUndefined();
  });

  test('nor does one with other sectors, or a short one', () => {
    const status = new Uint8Array(64);
    const length = putInfo(status, { sectors: 8, readonly: false, maxSectors: 8 });
    expect(getInfo(status.slice(0, length - 1))).toBeUndefined();
    status[9] = 16;
    expect(getInfo(status.slice(0, length))).toBeUndefined();
  });
});

test('a request in words, whatever it is', () => {
  const parameters = new Uint8Array(16);
  const said = (op: number, sector: number, count: number): string => {
    putRequest(parameters, op, sector, count);
    return describeRequest(parameters);
  };
  expect(said(0, 1024, 8)).toBe('read 8 sectors at 1024');
  expect(said(5, 0, 32_768)).toBe('discard 32768 sectors at 0');
  expect(said(3, 0, 0)).toBe('flush');
  expect(said(77, 2 ** 40, 1)).toBe(`operation 77 1 sectors at ${2 ** 40}`);
  expect(describeRequest(new Uint8Array(3))).toBe('3 bytes, which are no request');
});
