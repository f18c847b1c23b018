// SPDX-License-Identifier: Apache-2.0
import { wholeWord, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class CpupoolCpuAdd extends XmCommand {
  static override description = 'Let a pool have one thread more.';
  static override examples = [
    '<%= config.bin %> cpupool-cpu-add shared 3',
    { description: 'Numbers of its threads:', command: '<%= config.bin %> cpupool-list -c shared' },
  ];
  static override args = { pool: word('The pool.'), cpu: wholeWord('Number of the thread.') };

  async run() {
    const { args } = await this.parse(CpupoolCpuAdd);
    await this.call('pool.addThread', { pool: args.pool, number: args.cpu });
    return args;
  }
}
