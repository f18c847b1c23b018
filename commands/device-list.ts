// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain, optionalWord } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { DEVICE_COLUMNS, deviceTable } from '../src/cli/format/devices.ts';
import { list, listing, notWithLong } from '../src/cli/listing.ts';

export default class DeviceList extends XmCommand {
  static override description = "List a domain's devices, of one class or of all.";
  static override examples = ['<%= config.bin %> device-list demo', '<%= config.bin %> device-list -l demo vbd'];
  static override args = { domain: domain(), class: optionalWord('Only devices of this class.') };
  static override flags = {
    long: boolean({ char: 'l', exclusive: notWithLong, description: 'Everything about each device, as SXP.' }),
    ...listing,
  };

  async run() {
    const { args, flags } = await this.parse(DeviceList);
    const only = args.class === undefined ? {} : { class: args.class };
    const { devices, sxp } = await this.call('device.list', { domain: args.domain, ...only });
    const { text, value } = await list('device', devices, DEVICE_COLUMNS, flags, deviceTable);
    this.print(flags.long ? sxp : text);
    return value;
  }
}
