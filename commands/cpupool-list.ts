// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { words } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { POOL_COLUMNS, poolTable, poolThreadTable } from '../src/cli/format/pools.ts';
import { list, notWithLong, plainListing } from '../src/cli/listing.ts';

export default class CpupoolList extends XmCommand {
  static override description =
    'List pools of threads.\nIn dedicated each domain has a thread of its own; in the others threads hold many domains, which take turns (sched loop).';
  static override examples = [
    '<%= config.bin %> cpupool-list',
    { description: 'Numbers of the threads:', command: '<%= config.bin %> cpupool-list -c' },
    '<%= config.bin %> cpupool-list -l shared',
  ];
  static override args = { pool: words('Pools. None means all.') };
  static override flags = {
    long: boolean({ char: 'l', exclusive: notWithLong, description: 'Everything about each pool, as SXP.' }),
    cpus: boolean({ char: 'c', exclusive: ['long'], description: 'The numbers of the threads of each pool.' }),
    ...plainListing,
  };

  async run() {
    const { args, flags } = await this.parse(CpupoolList);
    const pools = await this.call('pool.list', args.pool?.length ? { names: args.pool } : {});
    if (flags.long) flags.format = 'sxp';
    const table = flags.cpus ? poolThreadTable : poolTable;
    const { text, value } = await list('cpupool', pools, POOL_COLUMNS, flags, table);
    this.print(text);
    return value;
  }
}
