// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { footprint, untilAsBefore } from '../support/footprint.ts';
import { connectSteps, detachSteps, ENDINGS, startSteppedXend } from '../support/steps.ts';
import type { VmSpec } from '../support/vm.ts';

/** The domain that serves a disk ends at each labelled step of the connection: the guest's other half ends cleanly. */

const DRIVER: VmSpec = { name: 'driver', kernel: 'idle', backends: ['vbd'] };

describe.each(ENDINGS)('%s', (how) => {
  test.each(connectSteps('vbd'))('while the guest is created, at %s', async (label) => {
    await using xend = await startSteppedXend();
    const spec: VmSpec = {
      name: 'guest',
      kernel: 'idle',
      disks: [{ file: xend.file('disk.img', new Uint8Array(4096)), dev: 'xvda', mode: 'w', backend: 'driver' }],
    };
    const before = footprint(xend);
    await xend.create(DRIVER);
    const struck = xend.endAt(label, 'back', how);
    const error = await failureOf(xend.create(spec));
    expect(struck()).toBe(true);
    if (error !== undefined) {
      expectClear(error);
      expect(String(error)).toMatch(/Device 51712 \(vbd\)/);
    } else {
      // It was complete, and lost its disk then.
      await xend.call('domain.destroy', { domain: 'guest' });
    }
    await untilAsBefore(xend, before);

    await xend.create(DRIVER);
    await xend.create(spec);
    const { devices } = await xend.call('device.list', { domain: 'guest', class: 'vbd' });
    expect(devices.map(({ state }) => state)).toEqual([4]);
    await xend.call('domain.destroy', { domain: 'guest' });
    await xend.call('domain.destroy', { domain: 'driver' });
    expect(footprint(xend)).toEqual(before);
  });

  test.each([...connectSteps('vbd'), ...detachSteps('vbd')])('while a disk comes and goes, at %s', async (label) => {
    await using xend = await startSteppedXend();
    const file = xend.file('disk.img', new Uint8Array(4096));
    const plug = async () => {
      await xend.attachDisk('guest', file, 'xvdb', 'w', 'driver');
      await xend.detachDisk('guest', 'xvdb');
    };
    await xend.create({ name: 'guest', kernel: 'shell' });
    using terminal = await xend.shell('guest');
    const before = footprint(xend);
    await xend.create(DRIVER);
    const struck = xend.endAt(label, 'back', how);
    const error = await failureOf(plug());
    expect(struck()).toBe(true);
    if (error !== undefined) expectClear(error);
    await untilAsBefore(xend, before);
    expect(await terminal.run('ls')).not.toContain('xvdb');

    await xend.create(DRIVER);
    await plug();
    await xend.call('domain.destroy', { domain: 'driver' });
    expect(footprint(xend)).toEqual(before);
  });
});
