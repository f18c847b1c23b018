// SPDX-License-Identifier: Apache-2.0
import { word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class CpupoolDelete extends XmCommand {
  static override description = 'Forget a pool of threads that was made with cpupool-new and is not active.';
  static override examples = [
    '<%= config.bin %> cpupool-delete workers',
    '<%= config.bin %> cpupool-delete workers --json',
  ];
  static override args = { pool: word('The pool.') };

  async run() {
    const { args } = await this.parse(CpupoolDelete);
    await this.call('pool.delete', args);
    return args;
  }
}
