// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { blockTable } from '../src/cli/format/devices.ts';

export default class BlockList extends XmCommand {
  static override description = "List a domain's disks.";
  static override examples = ['<%= config.bin %> block-list demo', '<%= config.bin %> block-list -l demo'];
  static override args = { domain: domain() };
  static override flags = { long: boolean({ char: 'l', description: 'Everything about each disk, as SXP.' }) };

  async run() {
    const { args, flags } = await this.parse(BlockList);
    const { devices, sxp } = await this.call('device.list', { domain: args.domain, class: 'vbd' });
    this.print(flags.long ? sxp : blockTable(devices));
    return devices;
  }
}
