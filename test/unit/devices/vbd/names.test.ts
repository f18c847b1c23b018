// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { devName, devNumber, devWords } from '../../../../src/devices/vbd/names.ts';

/** From spec/xend.md 2.5 and the kernel's list of device numbers. */
const KNOWN: readonly [name: string, number: number][] = [
  ['xvda', 51712],
  ['xvda1', 51713],
  ['xvdb', 51728],
  ['xvdp15', 51967],
  ['xvdq', 2 ** 28 + 16 * 256],
  ['xvda16', 2 ** 28 + 16],
  ['xvdaa', 2 ** 28 + 26 * 256],
  ['hda', 768],
  ['hdb', 832],
  ['hdc3', 22 * 256 + 3],
  ['hdt63', 91 * 256 + 64 + 63],
  ['sda', 2048],
  ['sdb2', 2048 + 16 + 2],
  ['sdp15', 2048 + 255],
];

describe('device names and numbers', () => {
  test.each(KNOWN)('%s is %i', (name, number) => {
    expect(devNumber(name)).toBe(number);
    expect(devName(number)).toBe(name);
  });

  test.each([
    ['/dev/xvda', 51712],
    ['hda:disk', 768],
    ['hdc:cdrom', 5632],
    ['/dev/hdc:cdrom', 5632],
    ['51712', 51712],
    ['0xCA00', 51712],
    ['1', 1],
  ])('%s is %i too', (dev, number) => {
    expect(devNumber(dev)).toBe(number);
  });

  test.each([
    '',
    '/dev/',
    'xvd',
    'xvda0',
    'xvda01',
    'xvda256',
    'XVDA',
    'xvdzzzzz',
    'hdu',
    'hda64',
    'sdq',
    'sda16',
    'vda',
    'xvda ',
    '0',
    '-1',
    '1.5',
    '0x',
    '0x20000000',
    '536870912',
    '9999999999',
    'xvda:floppy',
    '/dev//dev/xvda',
    'xvda\n',
  ])('%j is no device', (dev) => {
    expect(devNumber(dev)).toBeUndefined();
  });

  test('a number that is not the one its name stands for has no name', () => {
    expect(devName(2 ** 28 + 1)).toBeUndefined();
    expect(devName(4 * 256)).toBeUndefined();
    expect(devName(0)).toBeUndefined();
  });

  test('the words for a device are its name, if it has one, and its number', () => {
    expect(devWords('/dev/hda:disk')).toEqual(['hda', '768']);
    expect(devWords('0xca00')).toEqual(['xvda', '51712']);
    expect(devWords('7')).toEqual(['7']);
  });

  const letters = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), minLength: 1, maxLength: 4 });

  test('every name that has a number is the name of that number', () => {
    const name = fc.tuple(
      fc.constantFrom('xvd', 'hd', 'sd'),
      letters,
      fc.constantFrom('', '1', '15', '16', '63', '255'),
    );
    let named = 0;
    fc.assert(
      fc.property(name, (parts) => {
        const text = parts.join('');
        const number = devNumber(text);
        if (number === undefined) return;
        named++;
        expect(devName(number)).toBe(text);
      }),
      { numRuns: 2000 },
    );
    expect(named).toBeGreaterThan(100);
  });

  test('every number that has a name is the number of that name', () => {
    const number = fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 2 ** 28 - 10, max: 2 ** 29 + 10 }));
    let named = 0;
    fc.assert(
      fc.property(number, (value) => {
        const name = devName(value);
        if (name === undefined) return;
        named++;
        expect(devNumber(name)).toBe(value);
      }),
      { numRuns: 2000 },
    );
    expect(named).toBeGreaterThan(100);
  });
});
