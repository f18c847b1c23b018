// SPDX-License-Identifier: Apache-2.0
import { optionalWord } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { file } from '../src/cli/flags.ts';
import { classTable } from '../src/cli/format/classes.ts';

export default class DeviceClasses extends XmCommand {
  static override description = 'List the device classes and the keys that device-attach takes for each.';
  static override examples = [
    '<%= config.bin %> device-classes vbd',
    '<%= config.bin %> device-classes --class ./configs/debug-device/debug.ts',
  ];
  static override args = { class: optionalWord('Only this class.') };
  static override flags = { class: file({ description: "The class that a module of one's own holds." }) };

  async run() {
    const { args, flags } = await this.parse(DeviceClasses);
    const named = args.class === undefined ? {} : { class: args.class };
    const classes = await this.call('device.classes', flags.class === undefined ? named : { path: flags.class });
    this.print(classTable(classes));
    return classes;
  }
}
