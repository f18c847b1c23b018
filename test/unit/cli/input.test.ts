// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfig, readPairs, splitWords } from '../../../src/cli/input.ts';

const directory = mkdtempSync(join(tmpdir(), 'xm-input-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('configuration files', () => {
  test('text, name as typed, and the directory of the file', async () => {
    const file = join(directory, 'a.sxp');
    writeFileSync(file, '(vm (name a))');
    expect(await readConfig(file)).toEqual({ text: '(vm (name a))', file, directory });
  });

  test('a byte order mark is no part of the text', async () => {
    const file = join(directory, 'marked.sxp');
    writeFileSync(file, '\ufeff(vm (name ü))');
    expect((await readConfig(file)).text).toBe('(vm (name ü))');
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

describe('where a configuration is looked for', () => {
  const path = `/no/such:${directory}`;

  test('as given first, then along the path, whose directory is the one that counts', async () => {
    writeFileSync(join(directory, 'b.cfg'), "name = 'b'");
    const file = join(directory, 'b.cfg');
    expect(await readConfig('b.cfg', path)).toEqual({ text: "name = 'b'", file, directory });
    expect((await readConfig('package.json', `${directory}:.`)).file).toBe('package.json');
  });

  test.each([['c.cfg'], ['/c.cfg'], ['']])('%j is nowhere', async (name) => {
    await expect(readConfig(name, path)).rejects.toThrow(`Unable to open config file: ${name}`);
  });
});

test('words are files or variables', () => {
  expect(splitWords(['a.cfg', 'x=1', './b=c', 'y=z=', '-'])).toEqual({
    files: ['a.cfg', './b=c', '-'],
    variables: ['x=1', 'y=z='],
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
