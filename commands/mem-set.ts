// SPDX-License-Identifier: Apache-2.0
import { domain, memory } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class MemSet extends XmCommand {
  static override description =
    "Set the memory of a running domain.\nHalf of it is for its kernel's heap, half for pages; both are limits. What it uses is not taken from it.";
  static override examples = ['<%= config.bin %> mem-set demo 128', '<%= config.bin %> mem-set demo 1g'];
  static override args = { domain: domain(), memory: memory() };

  async run() {
    const { args } = await this.parse(MemSet);
    await this.call('domain.setMemory', args);
    return args;
  }
}
