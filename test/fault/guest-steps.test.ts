// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { footprint, untilAsBefore } from '../support/footprint.ts';
import { connectSteps, detachSteps, ENDINGS, startSteppedXend } from '../support/steps.ts';
import type { VmSpec } from '../support/vm.ts';

/** The guest ends at each labelled step of its devices' connection: nothing half-made stays, and the next try works. */

describe.each(ENDINGS)('%s', (how) => {
  test.each([...connectSteps('console'), ...connectSteps('vbd')])('while it is created, at %s', async (label) => {
    await using xend = await startSteppedXend();
    const spec: VmSpec = {
      name: 'guest',
      kernel: 'idle',
      disks: [{ file: xend.file('disk.img', new Uint8Array(4096)), dev: 'xvda', mode: 'w' }],
    };
    const before = footprint(xend);
    const struck = xend.endAt(label, 'front', how);
    const error = await failureOf(xend.create(spec));
    expect(struck()).toBe(true);
    // At the last step it may be complete, and die at once.
    if (error !== undefined) {
      expectClear(error);
      expect(String(error)).toMatch(/^XmError: Domain 'guest' ended while it was built: /);
      expect(footprint(xend)).toEqual(before);
    }
    await untilAsBefore(xend, before);

    await xend.create(spec);
    const { devices } = await xend.call('device.list', { domain: 'guest' });
    expect(devices.map(({ state }) => state)).toEqual([4, 4]);
    await xend.call('domain.destroy', { domain: 'guest' });
    expect(footprint(xend)).toEqual(before);
  });

  test.each([...connectSteps('vbd'), ...detachSteps('vbd')])('while a disk comes and goes, at %s', async (label) => {
    await using xend = await startSteppedXend();
    const file = xend.file('disk.img', new Uint8Array(4096));
    const before = footprint(xend);
    const plug = async () => {
      await xend.attachDisk('guest', file, 'xvdb', 'w');
      await xend.detachDisk('guest', 'xvdb');
    };
    await xend.create({ name: 'guest', kernel: 'idle' });
    const struck = xend.endAt(label, 'front', how);
    const error = await failureOf(plug());
    expect(struck()).toBe(true);
    if (error !== undefined) expectClear(error);
    await untilAsBefore(xend, before);

    await xend.create({ name: 'guest', kernel: 'idle' });
    await plug();
    await xend.call('domain.destroy', { domain: 'guest' });
    expect(footprint(xend)).toEqual(before);
  });
});
