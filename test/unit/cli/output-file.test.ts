// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeWhole } from '../../../src/cli/output-file.ts';

function inDirectory(body: (path: (name: string) => string, names: () => readonly string[]) => void): void {
  const directory = mkdtempSync('/tmp/xm-out-');
  try {
    body(
      (name) => join(directory, name),
      () => readdirSync(directory),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('all of it takes the place of what was there, also behind a link', () =>
  inDirectory((path, names) => {
    writeFileSync(path('old'), 'old');
    symlinkSync(path('old'), path('link'));
    const written = writeWhole(path('link'), (sink) => {
      sink('new ');
      sink('text');
      // Who looks meanwhile, or after a kill, sees what was.
      expect(readFileSync(path('old'), 'utf8')).toBe('old');
      return 2;
    });
    expect(written).toBe(2);
    expect(readFileSync(path('old'), 'utf8')).toBe('new text');
    expect(names()).toEqual(['link', 'old']);
  }));

test('a failure leaves what was there, and nothing else', () =>
  inDirectory((path, names) => {
    writeFileSync(path('old'), 'old');
    const fail = (): never =>
      writeWhole(path('old'), (sink) => {
        sink('half');
        throw new Error('no space');
      });
    expect(fail).toThrow('no space');
    expect(readFileSync(path('old'), 'utf8')).toBe('old');
    expect(() => writeWhole(path('no/such'), () => 0)).toThrow('ENOENT');
    expect(names()).toEqual(['old']);
  }));

test('what is no file stays what it is', () => {
  expect(writeWhole('/dev/null', (sink) => sink('x'))).toBeUndefined();
  expect(() => writeWhole('/dev/full', (sink) => sink('x'))).toThrow('ENOSPC');
});
