// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domains } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { UPTIME_COLUMNS, uptimeLines, uptimeOf, uptimeTable } from '../src/cli/format/list.ts';
import { list, listing, notWithLong } from '../src/cli/listing.ts';

export default class Uptime extends XmCommand {
  static override description =
    "Show how long domains have been running.\nDomain-0's is that of the machine, as in Xen; 'xm xend status' says how long xend runs.";
  static override examples = ['<%= config.bin %> uptime', '<%= config.bin %> uptime -s demo'];
  static override args = { domain: domains() };
  static override flags = {
    short: boolean({ char: 's', exclusive: notWithLong, description: 'A sentence a domain, without a header.' }),
    ...listing,
  };

  async run() {
    const { args, flags } = await this.parse(Uptime);
    const found = await this.call('domain.list', args.domain?.length ? { names: args.domain } : {});
    const rows = found.map(uptimeOf);
    const { text, value } = await list('domain', rows, UPTIME_COLUMNS, flags, uptimeTable);
    this.print(flags.short ? uptimeLines(rows, Date.now()) : text);
    return value;
  }
}
