// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { readXendConfig } from '../../../src/config/xend-config.ts';

const read = (text: string) => {
  const { config, diagnostics } = readXendConfig({ name: 'xend-config.sxp', text }, '/etc/xen');
  return config ?? diagnostics.map(({ message }) => message);
};

describe('xend-config.sxp', () => {
  test.each([
    ['', false],
    ['# only a comment\n', false],
    ['(xenstore)', false],
    ['(xenstore (persist no))', false],
    ['(xenstore (persist yes))', true],
    ['(xenstore (persist true))', true],
  ])('%s', (text, persist) => {
    expect(read(text)).toEqual({ xenstore: { persist }, classPaths: [] });
  });

  test('device classes', () => {
    expect(read('(device-class ./debug.ts) (device-class /opt/gpu.ts)')).toMatchObject({
      classPaths: ['/etc/xen/debug.ts', '/opt/gpu.ts'],
    });
    expect(read("(device-class '')")).toEqual(['device-class must not be empty']);
  });

  test.each([
    ['(xend-port 8000)', "unknown field 'xend-port'"],
    ['(xenstore (persist yes)) (xenstore)', 'xenstore is given twice, first on line 1'],
    ['(xenstore (persist))', 'xenstore: persist has no value'],
    ['(xenstore (persist yes yes))', 'xenstore: persist must be one value, found 2'],
    ['(xenstore persist)', "xenstore: expected (NAME VALUE), found 'persist'"],
    ['yes', "expected (KEY ...), found 'yes'"],
  ])('%s is refused', (text, message) => {
    expect(read(text)).toEqual([message]);
  });

  test('a syntax error is no silent default', () => {
    expect(read('(xenstore (persist yes)')).toHaveLength(1);
  });
});
