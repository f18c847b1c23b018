// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain, optionalWord } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { deviceTable } from '../src/cli/format/devices.ts';

export default class DeviceList extends XmCommand {
  static override description = "List a domain's devices, of one class or of all.";
  static override examples = ['<%= config.bin %> device-list demo', '<%= config.bin %> device-list -l demo vbd'];
  static override args = { domain: domain(), class: optionalWord('Only devices of this class.') };
  static override flags = { long: boolean({ char: 'l', description: 'Everything about each device, as SXP.' }) };

  async run() {
    const { args, flags } = await this.parse(DeviceList);
    const only = args.class === undefined ? {} : { class: args.class };
    const { devices, sxp } = await this.call('device.list', { domain: args.domain, ...only });
    this.print(flags.long ? sxp : deviceTable(devices));
    return devices;
  }
}
