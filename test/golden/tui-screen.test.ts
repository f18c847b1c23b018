// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from 'vitest';
import { openScreen } from '../../src/tui/app.tsx';
import { pages } from '../../src/tui/pages/index.ts';
import { openEmulator } from '../support/screen.ts';
import { earlier, later, sourceOf } from '../unit/tui/readings.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function start(columns: number, rows: number, page = 'domains') {
  const screen = openEmulator(columns, rows);
  const { stdin, stdout } = screen;
  const source = sourceOf([earlier, later]);
  const done = openScreen(
    { source, delay: 0.1, page },
    { stdin: stdin as never, stdout: stdout as never, interactive: true },
  );
  closing.push(async () => {
    stdin.write('q');
    await done;
  });
  return { ...screen, done };
}

/** Waits for a screen and stops it there. */
async function paused(screen: ReturnType<typeof start>): Promise<string> {
  await expect.poll(screen.text).toContain('09:05:09');
  screen.stdin.write('p');
  await expect.poll(screen.text).toContain('PAUSED');
  return `${screen.text()}\n`;
}

describe.each([
  [60, 15],
  [80, 24],
  [250, 70],
])('%ix%i', (columns, rows) => {
  test.each(pages.map(({ name }) => name))('%s', async (page) => {
    const text = await paused(start(columns, rows, page));
    await expect(text).toMatchFileSnapshot(`screens/${page}-${columns}x${rows}.txt`);
  });
});

describe('an opened row', () => {
  test.each(['domains', 'rings', 'channels', 'endpoints', 'grants', 'xenstore', 'log'])('of %s', async (page) => {
    const screen = start(100, 60, page);
    await expect.poll(screen.text).toContain('09:05:09');
    screen.stdin.write(page === 'domains' ? 'j\r' : '\r');
    await expect.poll(screen.text).toContain('Esc back');
    await expect(await paused(screen)).toMatchFileSnapshot(`screens/${page}-opened.txt`);
  });
});

describe('the mouse', () => {
  test('a page, a row, the row again, and the wheel', async () => {
    const screen = start(120, 24);
    await expect.poll(screen.text).toContain('Domain-0');
    screen.click('2 rings');
    await expect.poll(screen.text).toContain('[2 rings]');
    screen.click('xvda');
    await expect.poll(screen.text).toMatch(/> .* xvda/);
    screen.stdin.write('\x1b[<65;1;1M');
    await expect.poll(screen.text).toMatch(/> .* console/);
    screen.click('xvda');
    await expect.poll(screen.text).toMatch(/> .* xvda/);
    screen.click('xvda');
    await expect.poll(screen.text).toContain('Ring vbd xvda');
  });

  test('a title sorts, and again turns it round', async () => {
    const screen = start(120, 24);
    await expect.poll(screen.text).toContain('50.0');
    screen.click('MEM(k)');
    await expect.poll(screen.text).toContain('by MEM(k)');
    screen.click('*MEM(k)');
    await expect.poll(screen.text).toContain('by MEM(k), reversed');
  });
});

describe('the terminal', () => {
  test('that changes its size', async () => {
    const screen = start(40, 12);
    await expect.poll(screen.text).toContain('50.0');
    expect(screen.text()).not.toContain('VBD_WSECT');
    screen.resize(170, 30);
    await expect.poll(screen.text).toContain('VBD_WSECT');
    screen.resize(30, 6);
    await expect
      .poll(screen.text)
      .toMatch(/^xm top[^\n]*\n +NAME {2}STATE CPU\(%\)\n> +Domain-0 [^\n]*\n +demo [^\n]*\nQ quit/);
  });

  test('that something else has written to is drawn anew by Ctrl-L', async () => {
    const screen = start(80, 24);
    const before = (await paused(screen)).trimEnd();
    screen.stdout.write('\x1b[5;1HBroadcast message from root: the disk is full\r\n\r\n\r\n');
    await expect.poll(screen.text).toContain('Broadcast');
    screen.stdin.write('\x0c');
    await expect.poll(screen.text).toBe(before);
  });

  test('after q is as it was before, and sends no more reports of the mouse', async () => {
    const screen = start(80, 24);
    await expect.poll(screen.text).toContain('Domain-0');
    expect(screen.emulator.buffer.active.type).toBe('alternate');
    expect(screen.emulator.modes.mouseTrackingMode).toBe('vt200');
    expect(screen.modes.at(-1)).toBe(true);
    screen.stdin.write('q');
    await screen.done;
    await expect.poll(() => screen.emulator.buffer.active.type).toBe('normal');
    await expect.poll(() => screen.emulator.modes.mouseTrackingMode).toBe('none');
    expect(screen.text()).toBe('$ xm top');
    expect(screen.modes.at(-1)).toBe(false);
  });
});
