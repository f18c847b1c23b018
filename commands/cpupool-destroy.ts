// SPDX-License-Identifier: Apache-2.0
import { word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class CpupoolDestroy extends XmCommand {
  static override description =
    'End a pool of threads that has no domains.\nOne that was made with cpupool-new can be started again.';
  static override examples = [
    '<%= config.bin %> cpupool-destroy workers',
    '<%= config.bin %> cpupool-destroy workers --json',
  ];
  static override args = { pool: word('The pool.') };

  async run() {
    const { args } = await this.parse(CpupoolDestroy);
    await this.call('pool.destroy', args);
    return args;
  }
}
