// SPDX-License-Identifier: Apache-2.0
import { countWord } from '../../src/cli/args.ts';
import { XmCommand } from '../../src/cli/command.ts';
import { ruleLine } from '../../src/cli/format/viptables.ts';

export default class ViptablesDel extends XmCommand {
  static override description = 'Delete a rule about who may send Argo messages to whom.\nThose behind it move up.';
  static override examples = [
    '<%= config.bin %> viptables del 1',
    '<%= config.bin %> viptables list --json | jq length | xargs <%= config.bin %> viptables del',
  ];
  static override args = { position: countWord('Position in the table; see viptables list.') };

  async run() {
    const { args } = await this.parse(ViptablesDel);
    const rule = await this.call('viptables.del', { at: args.position });
    this.print(ruleLine(rule));
    return rule;
  }
}
