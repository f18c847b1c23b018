// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Unpause extends XmCommand {
  static override description = 'Let a paused domain run.';
  static override examples = ['<%= config.bin %> unpause demo', '<%= config.bin %> unpause 3'];
  static override args = { domain: domain() };

  async run() {
    const { args } = await this.parse(Unpause);
    await this.call('domain.unpause', { domain: args.domain });
    return { domain: args.domain };
  }
}
