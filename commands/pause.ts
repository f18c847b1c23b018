// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Pause extends XmCommand {
  static override description = 'Pause a domain.';
  static override examples = ['<%= config.bin %> pause demo', '<%= config.bin %> pause 3'];
  static override args = { domain: domain() };

  async run() {
    const { args } = await this.parse(Pause);
    await this.call('domain.pause', { domain: args.domain });
    return { domain: args.domain };
  }
}
