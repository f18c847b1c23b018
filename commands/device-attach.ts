// SPDX-License-Identifier: Apache-2.0
import { domain, word, words } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { file } from '../src/cli/flags.ts';
import { readPairs } from '../src/cli/input.ts';

export default class DeviceAttach extends XmCommand {
  static override description = 'Give a domain a device of any class while it runs.';
  static override examples = [
    '<%= config.bin %> device-attach demo vbd uname=file:/images/data.img dev=xvdb mode=w',
    '<%= config.bin %> device-attach demo vbd uname=file:./data.img dev=xvdc --json',
    '<%= config.bin %> device-attach demo --class ./debug.ts debug file=/tmp/trace.log',
  ];
  static override args = {
    domain: domain(),
    class: word('Class of the device, e.g. vbd.'),
    setting: words('The configuration of the device, as KEY=VALUE.'),
  };

  static override flags = {
    class: file({ description: "Module of a class of one's own; see configs/debug-device." }),
  };

  async run() {
    const { args, flags } = await this.parse(DeviceAttach);
    const device = await this.call('device.attach', {
      domain: args.domain,
      class: args.class,
      ...(flags.class === undefined ? {} : { path: flags.class }),
      config: readPairs(args.setting ?? []),
      directory: process.cwd(),
    });
    this.print(`Attached ${device.class} ${device.name} (id=${device.devid})\n`);
    return device;
  }
}
