// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { blockTable, DEVICE_COLUMNS } from '../src/cli/format/devices.ts';
import { list, listing, notWithLong } from '../src/cli/listing.ts';

export default class BlockList extends XmCommand {
  static override description = "List a domain's disks.";
  static override examples = ['<%= config.bin %> block-list demo', '<%= config.bin %> block-list -l demo'];
  static override args = { domain: domain() };
  static override flags = {
    long: boolean({ char: 'l', exclusive: notWithLong, description: 'Everything about each disk, as SXP.' }),
    ...listing,
  };

  async run() {
    const { args, flags } = await this.parse(BlockList);
    const { devices, sxp } = await this.call('device.list', { domain: args.domain, class: 'vbd' });
    const { text, value } = await list('device', devices, DEVICE_COLUMNS, flags, blockTable);
    this.print(flags.long ? sxp : text);
    return value;
  }
}
