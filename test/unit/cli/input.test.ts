// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfig, readPairs } from '../../../src/cli/input.ts';

const directory = mkdtempSync(join(tmpdir(), 'xm-input-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('configuration files', () => {
  test('text, name as typed, and the directory of the file', async () => {
    const file = join(directory, 'a.sxp');
    writeFileSync(file, '(vm (name a))');
    expect(await readConfig(file)).toEqual({ text: '(vm (name a))', file, directory });
  });

  test.each([
    ['missing.sxp', 'there is no such file'],
    ['', 'it is a directory'],
    ['/dev/zero', 'it is larger than 4194304 bytes'],
  ])('%j cannot be opened', async (name, hint) => {
    const file = resolve(directory, name);
    await expect(readConfig(file)).rejects.toThrow(
      expect.objectContaining({ message: `Unable to open config file: ${file}`, hint, exit: 1 }),
    );
  });
});

describe('pairs', () => {
  test('values may be empty and may hold equals signs', () => {
    expect(readPairs(['dev=xvdb', 'args=a=b', 'note='])).toEqual({ dev: 'xvdb', args: 'a=b', note: '' });
    expect(Object.keys(readPairs(['__proto__=x']))).toEqual(['__proto__']);
  });

  test.each([
    [['dev'], 'dev should be a pair, separated by an equals sign.'],
    [['=x'], '=x should be a pair, separated by an equals sign.'],
    [['a=1', 'a=2'], 'a is given twice.'],
  ])('%j', (words, message) => {
    expect(() => readPairs(words)).toThrow(message);
  });
});
