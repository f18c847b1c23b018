// SPDX-License-Identifier: Apache-2.0
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Sysrq extends XmCommand {
  static override description =
    "Send a letter to a domain's kernel, whatever that is doing.\nThe shell knows s (sync disks), b (reboot), o (power off) and c (crash).";
  static override examples = ['<%= config.bin %> sysrq demo s', '<%= config.bin %> sysrq demo b'];
  static override args = { domain: domain(), letter: word('The letter; what it means is up to the kernel.') };

  async run() {
    const { args } = await this.parse(Sysrq);
    await this.call('domain.sysrq', args);
    return args;
  }
}
