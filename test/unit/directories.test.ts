// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accessFault, CLOSED, makeDirectory, requireOwn, takeDirectory } from '../../src/directories.ts';

let root: string;
const at = (path: string): string => join(root, path);
const modeOf = (path: string): number => statSync(at(path)).mode & 0o777;
const isRoot = process.getuid?.() === 0;

beforeEach(() => {
  root = mkdtempSync('/tmp/xm-directories-');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('making', () => {
  test('all that are not there are made, for their owner alone', () => {
    makeDirectory(at('a/b/c'));
    expect(['a', 'a/b', 'a/b/c'].map(modeOf)).toEqual([0o700, 0o700, 0o700]);
    mkdirSync(at('open'), { mode: 0o755 });
    makeDirectory(at('open/more'));
    expect(modeOf('open')).toBe(0o755);
    makeDirectory('/');
  });

  test('what cannot be made is named, with the reason', () => {
    expect(() => makeDirectory('/proc/none/deeper')).toThrow(
      /^Cannot make the directory \/proc\/none: (?:\/proc takes no directories|permission denied)$/,
    );
    writeFileSync(at('file'), '');
    expect(() => makeDirectory(at('file'))).toThrow(`${at('file')}: file already exists`);
    expect(() => makeDirectory(at('file/x'))).toThrow(`${at('file/x')}: not a directory`);
    symlinkSync(at('nowhere'), at('dangling'));
    expect(() => makeDirectory(at('dangling/x'))).toThrow(`${at('dangling')}: file already exists`);
    symlinkSync(at('loop'), at('loop'));
    expect(() => makeDirectory(at('loop/x'))).toThrow(`${at('loop/x')}: too many symbolic links encountered`);
  });
});

describe('taking', () => {
  test('one that others may read is closed to them', () => {
    mkdirSync(at('d'));
    chmodSync(at('d'), 0o755);
    requireOwn(at('d'));
    takeDirectory(at('d'));
    expect(modeOf('d')).toBe(0o700);
  });

  test.each([0o777, 0o770, 0o702])('one that others may write is refused and left as it is: mode %o', (mode) => {
    mkdirSync(at('d'));
    chmodSync(at('d'), mode);
    const refused = expect.objectContaining({
      code: 'EDIRECTORY',
      message: `${at('d')} is open to others: mode 0${mode.toString(8)}`,
      hint: `see what others may have put there, then chmod 700 ${at('d')}`,
    });
    expect(() => requireOwn(at('d'))).toThrow(refused);
    expect(() => takeDirectory(at('d'))).toThrow(refused);
    expect(modeOf('d')).toBe(mode);
  });

  test('a link of our own is followed', () => {
    mkdirSync(at('d'));
    symlinkSync(at('d'), at('link'));
    takeDirectory(at('link'));
    expect(modeOf('d')).toBe(0o700);
    chmodSync(at('d'), 0o777);
    expect(() => requireOwn(at('link'))).toThrow('is open to others');
  });

  test.runIf(isRoot)('what somebody else made is refused: a directory, and a link to one of ours', () => {
    mkdirSync(at('theirs'));
    chownSync(at('theirs'), 4711, 4711);
    mkdirSync(at('ours'));
    symlinkSync(at('ours'), at('link'));
    lchownSync(at('link'), 4711, 4711);
    for (const name of ['theirs', 'link']) {
      expect(() => takeDirectory(at(name))).toThrow(`${at(name)} belongs to another user (4711)`);
    }
  });
});

test('nothing is wrong with what is not there; a file is to be closed in its own way', () => {
  expect(accessFault(at('none'), CLOSED.directory)).toBeUndefined();
  requireOwn(at('none/deeper'));
  writeFileSync(at('file'), '', { mode: 0o600 });
  expect(accessFault(at('file'), CLOSED.file)).toBeUndefined();
  chmodSync(at('file'), 0o644);
  expect(accessFault(at('file'), CLOSED.file)).toMatchObject({ hint: `chmod 600 ${at('file')}` });
});
