// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import xterm from '@xterm/headless';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createModel } from '../../src/tui/model.ts';
import type { Sample } from '../../src/tui/sample.ts';
import { xendSource } from '../../src/tui/source.ts';
import { createClient } from '../../src/xend/client.ts';
import { startXend } from '../support/xend.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAIR = `${ROOT}/configs/idc-pair.sxp`;
const XM = `${ROOT}/bin/xm`;

/** Waits for it, on a busy machine too. */
const shown = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 });

async function connectedPair(): Promise<XmHome> {
  const home = xmHome();
  await home.ok(['create', PAIR]);
  for (const name of ['left', 'right']) await home.ok(['console', name, '--until', '^answered']);
  return home;
}

const sourceFor = (home: XmHome) => xendSource(createClient({ socket: `${home.runDir}/xend.sock` }));

/** `xm top` in a terminal of its own, and what is on its screen. */
function inTerminal(home: XmHome, args: string) {
  return openTerminal(home, `echo $$ > ${home.directory}/pid; exec ${XM} top ${args}`);
}

/** A line of shell in a terminal of its own, and what is on its screen. */
function openTerminal({ runDir, stateDir, directory }: XmHome, line: string) {
  const emulator = new xterm.Terminal({ cols: 100, rows: 30, allowProposedApi: true });
  const env = {
    PATH: process.env.PATH,
    TERM: 'xterm',
    PS1: '$ ',
    HOME: directory,
    XEND_RUNDIR: runDir,
    XEND_STATEDIR: stateDir,
  };
  const child = spawn('script', ['-qec', `stty rows 30 cols 100; ${line}`, '/dev/null'], { env });
  onTestFinished(() => void child.kill());
  child.stdout.on('data', (chunk: Buffer) => emulator.write(chunk));
  const text = () => {
    const { active } = emulator.buffer;
    return Array.from({ length: 30 }, (_, row) => active.getLine(row)?.translateToString(true) ?? '').join('\n');
  };
  return { emulator, text, type: (keys: string) => child.stdin.write(keys), ended: once(child, 'exit') };
}

describe.skipIf(spawnSync('script', ['--version']).status !== 0)('in a terminal', () => {
  test('pages, rows and the mouse; and it is left as it was', async () => {
    await using home = await connectedPair();
    const screen = inTerminal(home, '-d 0.2');
    await shown(screen.text).toContain('[1 domains]');
    await shown(screen.text).toMatch(/^ +left /m);
    screen.type('2');
    await shown(screen.text).toMatch(/left +right +pair +front>back/);
    screen.type('/pair\r');
    await shown(screen.text).not.toContain('console');
    screen.type('\r');
    await shown(screen.text).toMatch(/Ring idc pair/);
    screen.type('4');
    await shown(screen.text).toMatch(/left +pair +right +connected/);
    screen.type('6');
    await shown(screen.text).toMatch(/> \/ *\n/);
    // A click at the tab of the log.
    const row = screen
      .text()
      .split('\n')
      .findIndex((line) => line.includes('7 log'));
    const column = screen.text().split('\n')[row]!.indexOf('7 log');
    screen.type(`\x1b[<0;${column + 1};${row + 1}M`);
    await shown(screen.text).toMatch(/Domain right \(id=2\) is started/);
    screen.type('1');
    await shown(screen.text).toMatch(/^ +right /m);
    await home.ok(['destroy', 'right']);
    await shown(screen.text).toMatch(/ right gone: /);
    await shown(screen.text).not.toMatch(/^ +right /m);
    screen.type('q');
    expect(await screen.ended).toEqual([0, null]);
    expect(screen.emulator.buffer.active.type).toBe('normal');
    expect(screen.emulator.modes.mouseTrackingMode).toBe('none');
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s leaves it as it was, too', async (signal) => {
    await using home = xmHome();
    const screen = inTerminal(home, '-d 0.2');
    await shown(screen.text).toContain('[1 domains]');
    expect(screen.emulator.modes.mouseTrackingMode).toBe('vt200');
    process.kill(Number(readFileSync(`${home.directory}/pid`, 'utf8')), signal);
    await screen.ended;
    await shown(() => screen.emulator.buffer.active.type).toBe('normal');
    expect(screen.emulator.modes.mouseTrackingMode).toBe('none');
  });

  test('Ctrl-Z and SIGTSTP give the shell its terminal; fg has the screen drawn again', async () => {
    await using home = xmHome();
    const screen = openTerminal(home, 'exec bash --norc --noprofile -i');
    const { emulator, text, type } = screen;
    const isWhole = () => [emulator.buffer.active.type, emulator.modes.mouseTrackingMode];
    await shown(text).toContain('$');
    type(`${XM} top -d 0.2\r`);
    const stops = [
      () => type('\x1a'),
      () => process.kill(Number(readFileSync(`${home.directory}/pid`, 'utf8')), 'SIGTSTP'),
    ];
    for (const stop of stops) {
      await shown(text).toMatch(/> +Domain-0 /);
      await shown(isWhole).toEqual(['alternate', 'vt200']);
      stop();
      await shown(text).toMatch(/Stopped.* top/);
      expect(isWhole()).toEqual(['normal', 'none']);
      type(`jobs -p > ${home.directory}/pid; clear; echo ready\r`);
      await shown(text).toMatch(/^ready/m);
      type('fg\r');
    }
    await shown(text).toMatch(/> +Domain-0 /);
    await shown(isWhole).toEqual(['alternate', 'vt200']);
    type('?');
    await shown(text).toContain('Home G');
    type('?q');
    await shown(() => emulator.buffer.active.type).toBe('normal');
    type('exit\r');
    expect(await screen.ended).toEqual([0, null]);
  });

  test('xend ends: it is said, the numbers stay, none is started; with the next one it goes on', async () => {
    await using home = xmHome();
    await home.ok(['xend', 'start']);
    const screen = inTerminal(home, '-d 0.2');
    await shown(screen.text).toMatch(/> +Domain-0 /);
    await home.ok(['xend', 'stop']);
    await shown(screen.text).toContain('Unable to connect to xend');
    expect(screen.text()).toMatch(/> +Domain-0 /);
    expect((await home.run(['xend', 'status'])).status).not.toBe(0);
    await home.ok(['xend', 'start']);
    await shown(screen.text).toContain('Q quit');
    expect(screen.text()).toMatch(/> +Domain-0 /);
  });
});

test('reports of a real machine, in all forms', async () => {
  await using home = await connectedPair();
  expect(await home.ok(['top', '-b', '-i', '1'])).toMatch(
    /^ +NAME .*\n +Domain-0 .*[\s\S]*^left +right +idc +pair +front>back/m,
  );
  expect(await home.ok(['top', '-i', '1', '--view', 'channels'])).toMatch(
    /^left +\d+ +interdomain +right +\d+ +idc pair/m,
  );
  expect(await home.ok(['top', '-i', '1', '--view', 'grants', '-o', 'csv'])).toMatch(
    /,left,\d+,right,read-write,16,1,idc pair\n/,
  );
  expect(await home.ok(['top', '-i', '1', '--view', 'xenstore'])).toContain('/local/domain/1/name');
  expect(await home.ok(['top', '-i', '1', '--view', 'log'])).toContain('Domain right (id=2) is started');
  const rounds = (await home.ok(['top', '-i', '2', '-d', '0.1', '-o', 'json', '--view', 'endpoints']))
    .trimEnd()
    .split('\n');
  expect(rounds.map((line) => (JSON.parse(line) as Sample).endpoints?.map(({ state }) => state))).toEqual([
    ['connected', 'connected'],
    ['connected', 'connected'],
  ]);
  // Its reader leaves.
  const child = home.start(['top', '-b', '-d', '0.1']);
  await once(child.stdout!, 'data');
  child.stdout!.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('each record of the log is in one report, also when another xend has begun', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  const source = sourceFor(home);
  onTestFinished(() => source.close());
  const texts = async () =>
    (await source.read({ log: true })).log!.map(({ number, text: said }) => `${number} ${said}`);
  const before = await texts();
  await home.ok(['xend', 'restart']);
  await shown(async () => (await texts()).length).toBeGreaterThan(before.length);
  const after = await texts();
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.filter((one) => / xend \S+ started$/.test(one))).toHaveLength(2);
});

test('the store is followed by a watch: what is new, what changed, what is gone', async () => {
  await using home = await connectedPair();
  const source = sourceFor(home);
  const nodes = async () => (await source.read({ store: true })).store!;
  const of = async (path: string) => (await nodes()).find((node) => node.path === path);
  expect(await of('/local/domain/1/name')).toMatchObject({ value: 'left', changed: 0 });
  await home.ok(['xenstore', 'write', '/tool/deep/below', 'one']);
  await shown(() => of('/tool/deep/below')).toMatchObject({ value: 'one' });
  expect((await of('/tool/deep/below'))!.changed).toBeGreaterThan(0);
  await home.ok(['xenstore', 'write', '/tool/deep/below', 'two']);
  await shown(() => of('/tool/deep/below')).toMatchObject({ value: 'two' });
  await home.ok(['xenstore', 'rm', '/tool/deep']);
  await shown(() => of('/tool/deep')).toBeUndefined();
  expect(await of('/tool/deep/below')).toBeUndefined();
  source.close();
});

test('what a thread used that domains share is divided among them: all of it, more for who does more', async () => {
  await using xend = await startXend({ pool: 'shared', poolThreads: 1 });
  await xend.create({ name: 'busy' });
  using busy = await xend.shell('busy');
  await xend.create({ name: 'idle' });
  const cpuOf = async (name: string) => (await xend.info(name))!.cpuTime;
  const [busyBefore, idleBefore] = [await cpuOf('busy'), await cpuOf('idle')];
  expect(busyBefore + idleBefore).toBeGreaterThan(0);
  for (let round = 0; round < 50; round++) await busy.run('store read name');
  const [busyGain, idleGain] = [(await cpuOf('busy')) - busyBefore, (await cpuOf('idle')) - idleBefore];
  expect(busyGain).toBeGreaterThan(0);
  expect(idleGain).toBeLessThan(busyGain);
});

test('a model of rounds sees domains come and go', async () => {
  await using home = await connectedPair();
  const source = sourceFor(home);
  const model = createModel(source);
  const names = async () => (await model.round({})).sample.domains.map(({ name, gone }) => (gone ? `${name}!` : name));
  expect(await names()).toEqual(['Domain-0', 'left', 'right']);
  await home.ok(['destroy', 'left']);
  expect(await names()).toEqual(['Domain-0', 'right', 'left!']);
  source.close();
});
