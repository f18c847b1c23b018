// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Domid extends XmCommand {
  static override description = 'Convert a domain name to its id.';
  static override examples = ['<%= config.bin %> domid demo', 'id=$(<%= config.bin %> domid demo)'];
  static override args = { domain: domain() };

  async run() {
    const { args } = await this.parse(Domid);
    const [found] = await this.call('domain.list', { names: [args.domain] });
    this.print(`${found!.domid}\n`);
    return { domid: found!.domid };
  }
}
