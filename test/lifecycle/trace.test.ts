// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { type WrittenTrace, writeTrace } from '../../src/cli/trace.ts';
import type { TraceEvent } from '../../src/trace/events.ts';
import { loadTraceEngine } from '../support/trace-engine.ts';
import { eventsIn, faultsOf } from '../support/trace-schema.ts';
import { startXend, type TestXend } from '../support/xend.ts';
import { xmHome } from '../support/xm.ts';

const PAIR = resolve(import.meta.dirname, '../../configs/idc-pair.sxp');
/** Of xend's own events. */
const XEND = 0x7ff2;

/** Dumps what was recorded as the command does, and checks it as a viewer would. */
async function dump(xend: TestXend): Promise<readonly TraceEvent[]> {
  const file = join(xend.directory, 'trace.json');
  const { events } = writeTrace(await xend.call('trace.dump', {}), file);
  const found = eventsIn(readFileSync(file, 'utf8'));
  expect(found).toHaveLength(events);
  expect(faultsOf(found)).toEqual([]);
  return found;
}

/** The lane of Domain-0 is 1, and so on. */
const domidOf = (pid: number): number => pid - 1;

/** From which domain to which arrows of a category lead. */
function arrows(events: readonly TraceEvent[], category: string): readonly string[] {
  const heads = new Map(events.filter(({ ph }) => ph === 'f').map((event) => [event.id, event]));
  const tails = events.filter(({ ph, cat }) => ph === 's' && cat === category);
  return [...new Set(tails.map(({ pid, id }) => `${domidOf(pid)}>${domidOf(heads.get(id)!.pid)}`))].sort();
}

const names = (events: readonly TraceEvent[]) =>
  events.filter(({ name }) => name === 'process_name').map(({ args }) => args?.name);

const importTrace = await loadTraceEngine();
if (importTrace === undefined)
  console.log('No viewer of others opens our traces: npm install --no-save @paulirish/trace_engine');

test.skipIf(importTrace === undefined)(
  "the importer of Chrome's developer tools opens it, with all lanes, spans and arrows",
  async () => {
    await using xend = await startXend();
    await xend.create({
      name: 'traced',
      disks: [{ file: xend.file('disk.img', new Uint8Array(1024 * 1024)), dev: 'xvda' }],
    });
    await xend.call('trace.start', {});
    using terminal = await xend.shell('traced');
    await terminal.run('sum xvda');
    const events = await dump(xend);
    const { Flows, Renderer } = await importTrace!(events);
    const spans = events.filter(({ ph }) => ph === 'X');
    const lanes = [...Renderer.processes.values()].flatMap(({ threads }) => [...threads.values()]);
    expect(lanes.map(({ name }) => name)).toEqual(expect.arrayContaining(['Domain-0, domid 0', 'traced, domid 1']));
    expect(lanes.flatMap(({ entries }) => entries).filter(({ ph }) => ph === 'X')).toHaveLength(spans.length);
    expect(Flows.flows).toHaveLength(events.filter(({ ph }) => ph === 's').length);
    const joined = Flows.flows.map(([from, to]) => `${domidOf(from!.pid)}>${domidOf(to!.pid)}`);
    expect([...new Set(joined)].sort()).toContain('1>0');
  },
);

test.each(['dedicated', 'shared'] as const)('a disk is traced, in a domain of kind %s, while all run', async (pool) => {
  await using xend = await startXend({ pool });
  const disk = { file: xend.file('disk.img', new Uint8Array(1024 * 1024)), dev: 'xvda' };
  // One is there before, one comes later.
  await xend.create({ name: 'early', disks: [disk] });
  await xend.call('trace.start', {});
  await xend.create({ name: 'late', disks: [disk] });
  for (const name of ['early', 'late']) {
    using terminal = await xend.shell(name);
    await terminal.run('sum xvda');
  }
  const events = await dump(xend);
  expect(names(events)).toEqual(['xend, domid 32754', 'Domain-0, domid 0', 'early, domid 1', 'late, domid 2']);
  expect(arrows(events, 'transaction')).toEqual(['0>1', '0>2', '1>0', '2>0']);
  expect(arrows(events, 'evtchn')).toEqual(expect.arrayContaining(['0>1', '0>2', '1>0', '2>0']));
  expect(arrows(events, 'control')).toEqual(['0>32754', '2>32754', '32754>0', '32754>2']);
  expect(events.filter(({ name, pid }) => name === 'drain ring' && domidOf(pid) === 0).length).toBeGreaterThan(0);
  expect(events.find(({ name, pid }) => name === 'ask VBD_BE CONNECT' && domidOf(pid) === XEND)).toBeDefined();
});

test.each(['ring', 'argo'])(
  'two domains that meet over %s are traced; who is killed leaves its records',
  async (channel) => {
    await using xend = await startXend();
    await xend.call('trace.start', {});
    const text = readFileSync(PAIR, 'utf8').replaceAll('address=pair', `'address=pair channel=${channel}'`);
    await xend.call('domain.create', { text, file: PAIR, directory: resolve(PAIR, '..') });
    for (const name of ['left', 'right']) {
      using terminal = await xend.open(name);
      await terminal.readUntil('answered: pong');
    }
    await xend.call('domain.destroy', { domain: 'left' });
    const events = await dump(xend);
    expect(names(events)).toEqual([
      'xend, domid 32754',
      'Domain-0, domid 0',
      'right, domid 2',
      'left (ended), domid 1',
    ]);
    expect(arrows(events, 'transaction')).toEqual(['1>2', '2>1']);
  },
);

test('the last records are kept, the others counted; stop keeps, start forgets', async () => {
  await using xend = await startXend();
  const disk = { file: xend.file('disk.img', new Uint8Array(1024 * 1024)), dev: 'xvda' };
  await xend.create({ name: 'guest', disks: [disk] });
  using terminal = await xend.shell('guest');
  await xend.call('trace.start', { records: 20 });
  for (let round = 0; round < 5; round++) await terminal.run('sum xvda');
  const copies = await xend.call('trace.dump', {});
  const written = writeTrace(copies, join(xend.directory, 'trace.json'));
  expect(written.domains.find(({ name }) => name === 'guest')!.dropped).toBeGreaterThan(0);

  expect((await xend.call('trace.stop', {})).on).toBe(false);
  const stopped = await dump(xend);
  await terminal.run('sum xvda');
  expect(await dump(xend)).toEqual(stopped);

  await xend.call('trace.start', { records: 20 });
  expect((await dump(xend)).length).toBeLessThan(stopped.length);
});

test('the commands', async () => {
  await using home = xmHome();
  const refused = await home.run(['trace', 'dump', '-o', 'trace.json']);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('Error: Nothing was recorded') });
  expect(await home.ok(['trace', 'start', '--records', '1000'])).toBe('1 domain and xend record what happens.\n');
  await home.ok(['create', PAIR]);
  expect(await home.ok(['trace', 'stop'])).toMatch(/^Nobody records any more/);
  expect(await home.ok(['trace', 'dump', '-o', 'trace.json'])).toMatch(/^trace.json: \d+ events of 3 domains and xend/);
  expect(faultsOf(eventsIn(readFileSync(join(home.directory, 'trace.json'), 'utf8')))).toEqual([]);
  const whole = readFileSync(join(home.directory, 'trace.json'), 'utf8');
  const piped = await home.run(['trace', 'dump', '-o', '-']);
  expect(piped).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^stdout: \d+ events of 3 domains and xend/),
  });
  expect(faultsOf(eventsIn(piped.stdout))).toEqual([]);
  const { domains, xend } = await home.json<WrittenTrace>(['trace', 'dump', '-o', 'trace.json']);
  expect(domains.map(({ name }) => name)).not.toContain('xend');
  expect(domains).toHaveLength(3);
  expect(xend).toEqual({ dropped: expect.any(Number) });
  expect((await home.run(['trace', 'dump', '-o', '-', '--json'])).status).toBe(1);
  // What cannot be written leaves what was there, and nothing beside it.
  expect(await home.run(['trace', 'dump', '-o', '/dev/full'])).toMatchObject({ status: 1 });
  expect(readFileSync(join(home.directory, 'trace.json'), 'utf8')).toHaveLength(whole.length);
  expect(readdirSync(home.directory).filter((name) => name.includes('.new'))).toEqual([]);
  const nowhere = await home.run(['trace', 'dump', '-o', 'no/such/directory/trace.json']);
  expect(nowhere).toMatchObject({ status: 1, stderr: expect.stringContaining('Error: Cannot write the trace') });
  expect((await home.run(['trace', 'start', '--records', '3'])).stderr).toContain('16 to 1048576 records');
});
