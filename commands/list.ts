// SPDX-License-Identifier: Apache-2.0
import { boolean, string } from '@oclif/core/flags';
import { domains } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { usageError } from '../src/cli/failure.ts';
import { choice } from '../src/cli/flags.ts';
import { DOMAIN_COLUMNS, listTable } from '../src/cli/format/list.ts';
import { list, listing, notWithLong } from '../src/cli/listing.ts';
import { isInState, STATES } from '../src/cli/states.ts';

export default class List extends XmCommand {
  static override description =
    "List domains.\nState: r running, b blocked, p paused, s shut down, c crashed, d dying. A domain that xend keeps ('xm new') and that is not there has no id and no state.";
  static override examples = [
    '<%= config.bin %> list',
    {
      description: "Everything about one, which 'xm create -F' makes a domain of again:",
      command: '<%= config.bin %> list -l web',
    },
    '<%= config.bin %> list --json | jq .[].name',
    {
      description: 'Names and ids of those that are paused:',
      command: '<%= config.bin %> list --state=paused -c name,domid',
    },
    { description: 'What columns there are:', command: '<%= config.bin %> list -c help' },
  ];
  static override args = { domain: domains() };
  static override flags = {
    long: boolean({
      char: 'l',
      description: 'Everything about each domain, as SXP.',
      exclusive: notWithLong,
    }),
    state: choice(STATES, { description: 'Only domains in this state.', helpValue: '<state>' }),
    pool: string({ description: 'Only domains of this pool of threads.', helpValue: '<pool>' }),
    ...listing,
  };

  async run() {
    const { args, flags } = await this.parse(List);
    const { state = 'all', pool } = flags;
    const chosen = flags.state !== undefined || pool !== undefined;
    if (chosen && args.domain?.length)
      throw usageError('Either domains are named, or they are chosen by state or pool.');
    // One that does not exist is an error, not a pool without domains.
    if (pool !== undefined) await this.call('pool.list', { names: [pool] });
    const found = await this.call('domain.all', args.domain?.length ? { names: args.domain } : {});
    const wanted = found.filter((one) => isInState(one, state) && (pool === undefined || one.pool === pool));
    if (flags.long) {
      if (wanted.length === 0) return [];
      const { sxp, records } = await this.call('domain.records', { names: wanted.map(({ uuid }) => uuid) });
      this.print(sxp);
      return records;
    }
    const { text, value } = await list('domain', wanted, DOMAIN_COLUMNS, flags, listTable);
    this.print(text);
    return value;
  }
}
