// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Destroy extends XmCommand {
  static override description = 'Terminate a domain at once.';
  static override examples = ['<%= config.bin %> destroy demo', '<%= config.bin %> destroy 3'];
  static override args = { domain: domain() };

  async run() {
    const { args } = await this.parse(Destroy);
    await this.call('domain.destroy', { domain: args.domain });
    return { domain: args.domain };
  }
}
