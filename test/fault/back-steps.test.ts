// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { footprint, untilAsBefore } from '../support/footprint.ts';
import { ENDINGS, moveSteps, returnSteps, type SteppedXend, startSteppedXend } from '../support/steps.ts';
import type { Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import type { VmSpec } from '../support/vm.ts';

/** Domains end at each labelled step while a disk gets its back end again, or another one: it is served in the end, and nothing is lost. */

const content = randomBytes(2 ** 20);
const SUM = `${createHash('md5').update(content).digest('hex')}  xvda\n`;

const driver = (name: string): VmSpec => ({ name, kernel: 'idle', backends: ['vbd'] });

/** A guest with a disk that domain `one` serves. */
async function start(xend: SteppedXend): Promise<Terminal> {
  const file = xend.file('disk.img', content);
  await xend.create(driver('one'));
  await xend.create({ name: 'guest', disks: [{ file, dev: 'xvda', mode: 'w', backend: 'one' }] });
  return xend.shell('guest');
}

async function connected(xend: SteppedXend): Promise<boolean> {
  const { devices } = await xend.call('device.list', { domain: 'guest', class: 'vbd' });
  return devices.length === 1 && devices[0]!.state === 4;
}

/** Who was ended is there again. */
async function revive(xend: SteppedXend): Promise<void> {
  await xend.ended();
  for (const name of ['one', 'two']) if ((await xend.info(name)) === undefined) await xend.create(driver(name));
}

describe.each(ENDINGS)('%s', (how) => {
  test('a driver domain ends again at each step of its return', async () => {
    await using xend = await startSteppedXend();
    const before = footprint(xend);
    using terminal = await start(xend);
    for (const label of returnSteps('vbd')) {
      await xend.call('domain.destroy', { domain: 'one' });
      const struck = xend.endAt(label, 'back', how);
      await xend.create(driver('one')).catch(() => {});
      await eventually(struck);
      await revive(xend);
      await eventually(() => connected(xend));
      expect(await terminal.run('sum xvda')).toBe(SUM);
    }
    for (const domain of ['one', 'two', 'guest']) await xend.call('domain.destroy', { domain });
    await untilAsBefore(xend, before);
  });

  test.each(['move', 'seize'] as const)('one of the two ends at each step of a %s', async (kind) => {
    await using xend = await startSteppedXend();
    const before = footprint(xend);
    using terminal = await start(xend);
    await xend.create(driver('two'));
    const place = async () => {
      const { devices } = await xend.call('device.list', { domain: 'guest', class: 'vbd' });
      return devices[0]!.backendId === (await xend.info('one'))?.domid ? 'one' : 'two';
    };
    for (const label of moveSteps('vbd', kind)) {
      const backend = (await place()) === 'one' ? 'two' : 'one';
      const struck = xend.endAt(label, 'back', how);
      const error = await failureOf(
        xend.call('device.move', { domain: 'guest', class: 'vbd', device: 'xvda', backend, force: kind === 'seize' }),
      );
      expect(struck()).toBe(true);
      if (error !== undefined) expectClear(error);
      await revive(xend);
      await eventually(() => connected(xend));
      expect(await terminal.run('sum xvda')).toBe(SUM);
    }
    for (const domain of ['one', 'two', 'guest']) await xend.call('domain.destroy', { domain });
    await untilAsBefore(xend, before);
  });

  test('the guest ends at each step of a move', async () => {
    await using xend = await startSteppedXend();
    const file = xend.file('disk.img', content);
    for (const name of ['one', 'two']) await xend.create(driver(name));
    const before = footprint(xend);
    for (const label of moveSteps('vbd', 'move')) {
      await xend.create({ name: 'guest', disks: [{ file, dev: 'xvda', mode: 'w', backend: 'one' }] });
      const struck = xend.endAt(label, 'front', how);
      const error = await failureOf(
        xend.call('device.move', { domain: 'guest', class: 'vbd', device: 'xvda', backend: 'two' }),
      );
      expect(struck()).toBe(true);
      if (error !== undefined) expectClear(error);
      await eventually(async () => {
        const found = await xend.info('guest');
        if (found !== undefined) await xend.call('domain.destroy', { domain: 'guest' });
        return found === undefined;
      });
      await untilAsBefore(xend, before);
    }
  });
});
