// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Delete extends XmCommand {
  static override description =
    "Have xend forget a domain that it keeps, see 'xm new'.\nIt must not run; its disks are not touched.";
  static override examples = [
    '<%= config.bin %> delete managed',
    '<%= config.bin %> shutdown -w managed && <%= config.bin %> delete managed',
  ];
  static override args = { domain: domain() };

  async run() {
    const { args } = await this.parse(Delete);
    await this.call('domain.delete', { domain: args.domain });
    return { domain: args.domain };
  }
}
