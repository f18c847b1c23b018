// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../../errors.ts';
import type { DomainDevice } from '../../../contract.ts';
import { type Command, expectArguments } from '../command.ts';
import { asDisk, findDevice } from '../disks.ts';
import { table } from '../text.ts';
import { untilAborted } from '../waits.ts';

const ls: Command = {
  name: 'ls',
  usage: 'ls',
  help: 'List the devices: name, class, size in bytes, r or w, state.',
  run(context, args) {
    expectArguments(args, 0);
    const rows = context.domain.devices.list().map(row);
    context.print(table([['NAME', 'CLASS', 'SIZE', 'MODE', 'STATE'], ...rows], [2]));
  },
};

const wait: Command = {
  name: 'wait',
  usage: 'wait DEV',
  help: 'Wait until a device is connected; Ctrl-C gives up.',
  async run(context, args) {
    expectArguments(args, 1);
    const { devices } = context.domain;
    const device = findDevice(devices, args[0]!);
    if (device.connected) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = devices.onChange((changed, change) => {
      if (changed.class !== device.class || changed.devid !== device.devid) return;
      if (change === 'connected') resolve();
      if (change === 'closed') reject(new XmError('ENODEV', `Device '${args[0]}' is gone.`));
    });
    await untilAborted(promise, context.signal).finally(stop);
  },
};

/** Commands about devices of any class. */
export const deviceCommands: readonly Command[] = [ls, wait];

function row(device: DomainDevice): string[] {
  const disk = asDisk(device);
  const state = device.connected ? 'connected' : 'disconnected';
  if (disk === undefined) return [device.name, device.class, '-', '-', state];
  return [device.name, device.class, String(disk.size), disk.readonly ? 'r' : 'w', state];
}
