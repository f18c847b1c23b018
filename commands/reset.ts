// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Reset extends XmCommand {
  static override description = 'Reboot a domain at once, without asking it.\nIts on_reboot says what follows.';
  static override examples = ['<%= config.bin %> reset demo', '<%= config.bin %> reset 3'];
  static override args = { domain: domain() };

  async run() {
    const { args } = await this.parse(Reset);
    await this.call('domain.reset', { domain: args.domain });
    return { domain: args.domain };
  }
}
