// SPDX-License-Identifier: Apache-2.0
import { words } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { readPool } from '../src/cli/create.ts';

export default class CpupoolCreate extends XmCommand {
  static override description =
    'Make a pool of threads, each of which holds many domains, and start it.\nA domain with (pool NAME) lives there. The configuration has name, and cpus: the numbers of its threads, as many as there are processors unless said. It is a Python-style file, NAME=VALUE words, or both.';
  static override examples = [
    '<%= config.bin %> cpupool-create name=workers cpus=1,2',
    '<%= config.bin %> cpupool-create configs/workers.pool name=more',
  ];
  static override args = { configFile: words('Configuration, or - for stdin; NAME=VALUE are its variables.') };

  async run() {
    const { args } = await this.parse(CpupoolCreate);
    const config = await readPool(args.configFile ?? []);
    const pool = await this.call('pool.create', { ...config });
    this.print(`Created pool ${pool.name} with ${pool.count} thread${pool.count === 1 ? '' : 's'}\n`);
    return pool;
  }
}
