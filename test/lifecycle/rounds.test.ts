// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { heapInUse, processCensus, supervisorCensus } from '../support/census.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const MB = 1024 * 1024;
/** Rounds before anything is counted: pools and caches fill. */
const WARM = 8;

/** One life: boots with two disks, uses them and the console, and is ended in one of the ways there are. */
async function live(xend: TestXend, disks: readonly string[], round: number): Promise<void> {
  const [first, second] = disks as [string, string];
  await xend.create({
    name: 'mayfly',
    disks: [
      { file: first, dev: 'xvda', mode: 'w' },
      { file: second, dev: 'xvdb', mode: 'w' },
    ],
  });
  // Most are ended while they boot, with whatever they had begun; some at work, with a client at the console.
  if (round % 5 !== 0) {
    await xend.call('domain.destroy', { domain: 'mayfly' });
    return;
  }
  using terminal = await xend.shell('mayfly');
  await terminal.run('copy xvda xvdb');
  if (round % 2 === 0) terminal.type('sum xvda; exit\r');
  else await xend.call('domain.destroy', { domain: 'mayfly' });
  await terminal.closed;
  await eventually(async () => (await xend.info('mayfly')) === undefined);
}

test('fifty lives leave nothing behind', async () => {
  await using xend = await startXend();
  const disks = ['a.img', 'b.img'].map((name) => xend.file(name, new Uint8Array(MB)));
  for (let round = 0; round < WARM; round++) await live(xend, disks, round);
  const before = await settled();
  const heap = heapInUse();
  const resident = process.memoryUsage.rss();
  const control = await controlMemory(xend);
  const census = supervisorCensus(xend);

  for (let round = 0; round < 50; round++) await live(xend, disks, round);

  expect(supervisorCensus(xend)).toEqual(census);
  await eventually(() => {
    expect(processCensus()).toEqual(before);
    return true;
  });
  expect(heapInUse() - heap).toBeLessThan(4 * MB);
  // Pages of a thread that was not freed would be some 6 MB for each life.
  expect(process.memoryUsage.rss() - resident).toBeLessThan(100 * MB);
  expect((await controlMemory(xend)) - control).toBeLessThan(8 * MB);
  // What is there between two lives is Domain-0's alone.
  expect(census.domids).toEqual([0]);
  expect(census.control).toMatchObject({ extents: 0, ports: 0, grants: 0, mappings: 0 });
  expect(census.paths.filter((path) => /\/(vm|domain)\/.*[1-9]/.test(path))).toEqual([]);
  expect([census.problems, census.runFiles, census.stateFiles]).toEqual([[], [], []]);
});

test('a supervisor that stopped leaves nothing in its process', async () => {
  const stopWithDomains = async () => {
    const xend = await startXend();
    const file = xend.file('disk.img', new Uint8Array(MB));
    await xend.create({ name: 'busy', disks: [{ file, dev: 'xvda' }] });
    await xend.create({ name: 'still' }, true);
    using terminal = await xend.shell('busy');
    terminal.type('hang\r');
    await xend.xend.stop();
    expect(readdirSync(xend.paths.runDir)).toEqual([]);
    expect(readdirSync(xend.paths.domainDir)).toEqual([]);
    await xend[Symbol.asyncDispose]();
    expect(existsSync(xend.directory)).toBe(false);
  };
  await stopWithDomains();
  const before = await settled();
  await stopWithDomains();
  await eventually(() => {
    expect(processCensus()).toEqual(before);
    return true;
  });
});

/** The census of the process when it no longer changes: threads and ports end a little after their domain. */
async function settled() {
  let last = processCensus();
  let same = 0;
  await eventually(() => {
    const now = processCensus();
    same = JSON.stringify(now) === JSON.stringify(last) ? same + 1 : 0;
    last = now;
    return same === 20;
  });
  return last;
}

/** Bytes that Domain-0's thread uses. */
async function controlMemory(xend: TestXend): Promise<number> {
  const { domains } = await xend.call('stats', {});
  return domains.find(({ domid }) => domid === 0)!.memoryUsed * 1024;
}
