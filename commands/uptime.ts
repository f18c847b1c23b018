// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domains } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { uptimeLines, uptimeTable } from '../src/cli/format/list.ts';

export default class Uptime extends XmCommand {
  static override description = 'Show how long domains have been running.';
  static override examples = ['<%= config.bin %> uptime', '<%= config.bin %> uptime -s demo'];
  static override args = { domain: domains() };
  static override flags = { short: boolean({ char: 's', description: 'A sentence a domain, without a header.' }) };

  async run() {
    const { args, flags } = await this.parse(Uptime);
    const found = await this.call('domain.list', args.domain?.length ? { names: args.domain } : {});
    this.print(flags.short ? uptimeLines(found, Date.now()) : uptimeTable(found));
    return found.map(({ name, domid, uptime }) => ({ name, domid, uptime }));
  }
}
