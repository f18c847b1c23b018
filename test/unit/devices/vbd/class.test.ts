// SPDX-License-Identifier: Apache-2.0
import { existsSync, linkSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { vbd } from '../../../../src/devices/vbd/class.ts';
import { diskConfig, tempImage } from '../../../support/vbd-pair.ts';

describe('the class vbd', () => {
  test('its modules are there', () => {
    expect(existsSync(vbd.front)).toBe(true);
    expect(existsSync(vbd.back)).toBe(true);
  });

  test.each([
    ['file:disk.img', 'file:/configs/disk.img'],
    ['file:../my disk.img', 'file:/my disk.img'],
    ['file:/x.img', 'file:/x.img'],
    ['file:a:b', 'file:/configs/a:b'],
    ['cow:disk.img', 'cow:/configs/disk.img'],
    ['phy:vg/data', 'phy:/dev/vg/data'],
    ['phy:/images/x', 'phy:/images/x'],
  ])('%s of a configuration in /configs is %s', (uname, resolved) => {
    expect(vbd.fields.uname!.check!(uname)).toBeUndefined();
    expect(vbd.fields.uname!.resolve!(uname, '/configs')).toBe(resolved);
  });

  test.each([
    ['', 'Missing uname'],
    ['/x.img', 'must be file:PATH, phy:PATH or cow:PATH'],
    ['nbd:host', 'must be file:PATH, phy:PATH or cow:PATH'],
    ['file:', 'must be file:PATH, phy:PATH or cow:PATH'],
    ['file:a\0b', 'a path has no NUL characters'],
  ])('uname %j: %s', (uname, problem) => {
    expect(vbd.fields.uname!.check!(uname)).toBe(problem);
  });

  test('dev is checked, and gives number and words', () => {
    expect(vbd.fields.dev!.check!('xvda')).toBeUndefined();
    expect(vbd.fields.dev!.check!('xvd')).toMatch(/^Device not found/);
    expect(vbd.devid({ dev: '/dev/xvda' })).toBe(51712);
    expect(vbd.names({ dev: '51712' })).toEqual(['xvda', '51712']);
  });
});

describe('the claim of a disk', () => {
  const claim = (uname: string, mode = 'r') => vbd.claim!({ ...diskConfig(''), uname, mode });

  test('is for the file, whatever the path', () => {
    using image = tempImage(512);
    using other = tempImage(512);
    const [hard, symbolic] = [join(image.directory, 'hard'), join(image.directory, 'symbolic')];
    linkSync(image.path, hard);
    symlinkSync(image.path, symbolic);
    const { dev, ino } = statSync(image.path, { bigint: true });
    const expected = { resource: `${dev}:${ino}`, mode: 'w!', what: `file:${image.path}` };
    expect(claim(`file:${image.path}`, 'w!')).toEqual(expected);
    for (const path of [hard, symbolic]) expect(claim(`phy:${path}`)?.resource).toBe(expected.resource);
    expect(claim(`file:${other.path}`)?.resource).not.toBe(expected.resource);
  });

  test('is for reading when the file is a base, whatever is written to the disk', () => {
    using image = tempImage(512);
    const { resource } = claim(`file:${image.path}`)!;
    for (const mode of ['r', 'w', 'w!']) {
      expect(claim(`cow:${image.path}`, mode)).toEqual({ resource, mode: 'r', what: `cow:${image.path}` });
    }
  });

  test.each([
    ['file:/nowhere/x.img', 'ENOENT', 'vbd: Segment not found: uname=file:/nowhere/x.img (for xvda)'],
    ['file:/etc/passwd/x', 'ENOENT', 'vbd: Segment not found: uname=file:/etc/passwd/x (for xvda)'],
    ['phy:/dev', 'EINVAL', 'vbd: xvda cannot be phy:/dev: it is a directory'],
    ['phy:/dev/null', 'EINVAL', 'vbd: xvda cannot be phy:/dev/null: it is neither a file nor a block device'],
  ])('%s is refused', (uname, code, message) => {
    expect(() => claim(uname)).toThrow(expect.objectContaining({ name: 'XmError', code, message }));
  });
});
