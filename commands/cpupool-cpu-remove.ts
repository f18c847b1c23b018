// SPDX-License-Identifier: Apache-2.0
import { wholeWord, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class CpupoolCpuRemove extends XmCommand {
  static override description = 'Take a thread from a pool; it must not have domains, which cannot leave it.';
  static override examples = [
    '<%= config.bin %> cpupool-cpu-remove shared 3',
    { description: 'Numbers of its threads:', command: '<%= config.bin %> cpupool-list -c shared' },
  ];
  static override args = { pool: word('The pool.'), cpu: wholeWord('Number of the thread.') };

  async run() {
    const { args } = await this.parse(CpupoolCpuRemove);
    await this.call('pool.removeThread', { pool: args.pool, number: args.cpu });
    return args;
  }
}
