// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Domname extends XmCommand {
  static override description = 'Convert a domain id to its name.';
  static override examples = ['<%= config.bin %> domname 3', '<%= config.bin %> domname 0'];
  static override args = { domain: domain() };

  async run() {
    const { args } = await this.parse(Domname);
    const [found] = await this.call('domain.list', { names: [args.domain] });
    this.print(`${found!.name}\n`);
    return { name: found!.name };
  }
}
