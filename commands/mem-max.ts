// SPDX-License-Identifier: Apache-2.0
import { domain, memory } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class MemMax extends XmCommand {
  static override description =
    'Set up to which memory xm mem-set may go.\nNothing is promised by it: what a domain has is what mem-set says.';
  static override examples = ['<%= config.bin %> mem-max demo 256', '<%= config.bin %> mem-max demo 1g'];
  static override args = { domain: domain(), memory: memory() };

  async run() {
    const { args } = await this.parse(MemMax);
    await this.call('domain.setMaxMemory', args);
    return args;
  }
}
