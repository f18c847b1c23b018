// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { footprint, untilAsBefore } from '../support/footprint.ts';
import { startSteppedXend, suspendSteps } from '../support/steps.ts';
import { eventually } from '../support/until.ts';

/** Either end of a disk ends at each step in which it is brought to rest, and connected again, for a checkpoint. */

const STEPS = suspendSteps('vbd');

const DRIVER = { name: 'drv', kernel: 'idle', backends: ['vbd'], memory: 64 };

/** A guest whose disk another domain serves. */
async function start() {
  const xend = await startSteppedXend();
  const path = join(xend.directory, 'guest.save');
  const file = xend.file('disk.img', new Uint8Array(4096));
  const before = footprint(xend);
  await xend.create(DRIVER);
  await xend.create({ name: 'guest' });
  await xend.attachDisk('guest', file, 'xvda', 'w', 'drv');
  const checkpoint = () => xend.call('domain.save', { domain: 'guest', path, checkpoint: true });
  /** The file is there or not, and nothing else is. */
  const expectFile = (there: boolean) => {
    expect(readdirSync(xend.directory).filter((name) => name.startsWith('guest.save'))).toEqual(
      there ? ['guest.save'] : [],
    );
  };
  return { xend, path, before, checkpoint, expectFile };
}

/** By itself at each of them; by xend, which goes the same way, at one. */
const ENDS = [...STEPS.map((label) => [label, 'terminate'] as const), [STEPS[0]!, 'destroy'] as const];

test.each(ENDS)('the guest, at %s: %s', async (label, how) => {
  const { xend, path, before, checkpoint, expectFile } = await start();
  await using _ = xend;
  const struck = xend.endAt(label, 'front', how);
  const error = await failureOf(checkpoint());
  expect(struck()).toBe(true);
  await eventually(async () => (await xend.info('guest')) === undefined);
  expectFile(error === undefined);
  if (error !== undefined) {
    expectClear(error);
    expect(String(error)).toContain("Domain 'guest' ended while it was saved");
    await xend.create({ name: 'guest' });
  } else await xend.call('domain.restore', { path });
  await checkpoint();
  for (const domain of ['guest', 'drv']) await xend.call('domain.destroy', { domain });
  await untilAsBefore(xend, before);
});

test.each(STEPS)(
  'the domain that serves its disk, at %s: the guest runs on, and is saved when there is another',
  async (label) => {
    const { xend, path, checkpoint, expectFile } = await start();
    await using _ = xend;
    const struck = xend.endAt(label, 'back', 'terminate');
    const error = await failureOf(checkpoint());
    expect(struck()).toBe(true);
    if (error !== undefined) expectClear(error);
    expectFile(error === undefined);
    const disk = async () =>
      (await xend.call('device.list', { domain: 'guest' })).devices.find((device) => device.class === 'vbd');
    await eventually(async () => (await disk())?.waits?.gone === true);
    using terminal = await xend.shell('guest');
    expect(await terminal.run('echo on')).toBe('on\n');
    expect(String(await failureOf(checkpoint()))).toContain("xvda waits for domain 'drv' to serve it");
    await xend.create(DRIVER);
    await eventually(async () => (await disk())?.evtchn !== -1);
    await checkpoint();
    expect(existsSync(path)).toBe(true);
  },
);
