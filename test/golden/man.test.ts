// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { manPage } from '../../scripts/man.ts';
import { UNSUPPORTED } from '../../src/cli/unsupported.ts';

const { commands, version } = JSON.parse(readFileSync('oclif.manifest.json', 'utf8'));
const { man, files } = JSON.parse(readFileSync('package.json', 'utf8'));
const page = readFileSync(man, 'utf8');

const missing = (program: string) => spawnSync(program, ['--version']).error !== undefined;

/** The page as a terminal shows it, wide enough for every line. */
function shown(): string {
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-l', man], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, MANWIDTH: '200', MANPAGER: 'cat', LC_ALL: 'C' },
  });
  expect(stderr).toBe('');
  return stdout.replace(/.\x08/g, '');
}

describe('xm(1)', () => {
  test('is what the commands say now, and is in the package', () => {
    expect(page).toBe(manPage(Object.values(commands), version));
    expect(files).toContain(man.split('/')[1]);
    expect(existsSync(man)).toBe(true);
  });

  test.skipIf(missing('mandoc'))('has no mistake that mandoc finds', () => {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', man], { encoding: 'utf8' });
    // It has no date: it is made anew with every build.
    expect(stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))).toEqual([]);
  });

  test.skipIf(missing('man'))('shows each subcommand, its options and its examples, without warnings', () => {
    const words = shown().replaceAll(/\s+/g, ' ');
    const wanted = Object.entries<(typeof commands)[string]>(commands).flatMap(([id, { hidden, flags, examples }]) => {
      if (hidden) return [];
      const options = Object.keys(flags).filter((name) => !flags[name].hidden);
      return [
        `xm ${id.replaceAll(':', ' ')}`,
        ...options.map((name) => `--${name}`),
        ...examples.map((one: { command?: string } & string) =>
          (one.command ?? one).replaceAll('<%= config.bin %>', 'xm').replaceAll(/\s+/g, ' '),
        ),
      ];
    });
    expect([...wanted, ...UNSUPPORTED.keys()].filter((text) => !words.includes(text))).toEqual([]);
  });

  test('text stays text', () => {
    const odd = { id: 'odd', description: ".TH is no request.\n'nor is \\fBthis\\fR -x", args: {}, flags: {} };
    const lines = manPage([odd], '1').split('\n');
    const at = lines.indexOf('.SS xm odd');
    expect(lines.slice(at + 1, at + 4)).toEqual(['\\&.TH is no request.', '.PP', "\\&'nor is \\efBthis\\efR \\-x"]);
  });
});
