// SPDX-License-Identifier: Apache-2.0
import { word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class CpupoolStart extends XmCommand {
  static override description = 'Start a pool of threads that was made with cpupool-new.';
  static override examples = [
    '<%= config.bin %> cpupool-start workers',
    '<%= config.bin %> cpupool-start workers --json',
  ];
  static override args = { pool: word('The pool.') };

  async run() {
    const { args } = await this.parse(CpupoolStart);
    await this.call('pool.start', args);
    return args;
  }
}
