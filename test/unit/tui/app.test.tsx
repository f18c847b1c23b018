// SPDX-License-Identifier: Apache-2.0
import { stripVTControlCharacters } from 'node:util';
import { cleanup, render } from 'ink-testing-library';
import { afterEach, describe, expect, test } from 'vitest';
import { App } from '../../../src/tui/app.tsx';
import type { Reading } from '../../../src/tui/reading.ts';
import { earlier, later, sourceOf } from './readings.ts';

afterEach(cleanup);

/** The screen over readings that are given out one by one; after the last one, the answer does not come. */
function open(readings: readonly (Reading | Error)[], delay = 0.1) {
  const source = sourceOf(readings);
  const app = render(<App source={source} delay={delay} />);
  const frame = () => stripVTControlCharacters(app.lastFrame() ?? '');
  return { ...app, frame, rounds: source.rounds, shows: (text: string | RegExp) => expect.poll(frame).toMatch(text) };
}

describe('the screen', () => {
  test('shows the first round at once, and rates from the second', async () => {
    const app = open([earlier, later]);
    await app.shows(/Domain-0 -----r/);
    await app.shows(/> +Domain-0 -----r +101 +50\.0/);
    expect(app.frame()).toMatch(/^xm top - 09:05:09 {3}every 0\.1 s, 1 stalled\n3 domains: 1 running, 2 blocked/);
  });

  test('keys that arrive together all count', async () => {
    const app = open([earlier, later]);
    await app.shows('50.0');
    app.stdin.write('\u001b[B');
    await app.shows(/> +demo/);
    app.stdin.write('kss\r');
    await app.shows('Domain Domain-0 (0)');
  });

  test('paused, nothing is read; then it goes on', async () => {
    const app = open([earlier, later]);
    await app.shows('50.0');
    app.stdin.write('p');
    await app.shows('PAUSED');
    const rounds = app.rounds();
    app.stdin.write('?');
    await app.shows('Keys');
    expect(app.rounds()).toBe(rounds);
    app.stdin.write('?p');
    await expect.poll(app.rounds).toBeGreaterThan(rounds);
  });

  test('paused, a page that was not read yet is read once', async () => {
    const channels = { ...later, channels: later.channels ?? [] };
    const app = open([earlier, later, channels, channels, channels]);
    await app.shows('50.0');
    app.stdin.write('p');
    await app.shows('PAUSED');
    const rounds = app.rounds();
    app.stdin.write('3');
    await app.shows(/PAUSED[\s\S]*demo +\d+ +interdomain/);
    app.stdin.write('1');
    await app.shows('[1 domains]');
    app.stdin.write('3');
    await app.shows('[3 channels]');
    expect(app.rounds()).toBe(rounds + 1);
  });

  test('the delay is asked for', async () => {
    const app = open([earlier, later]);
    await app.shows('Domain-0');
    app.stdin.write('d');
    await app.shows('Delay in seconds: _');
    app.stdin.write('12');
    await app.shows('Delay in seconds: 12_');
    app.stdin.write('\r');
    await app.shows('every 12 s');
  });

  test('a round that fails is said, the numbers stay, and it tries again', async () => {
    const app = open([earlier, later, new Error('xend hung up'), later]);
    await app.shows('xend hung up');
    expect(app.frame()).toContain('Domain-0');
    await expect.poll(app.frame).not.toContain('xend hung up');
  });

  test('without any answer there is a word about it, not an empty screen', async () => {
    const app = open([new Error('Unable to connect to xend')]);
    await app.shows(/xm top\n[\s\S]*\nUnable to connect to xend/);
  });
});
