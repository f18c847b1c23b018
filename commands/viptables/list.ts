// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { ruleTable } from '../../src/cli/format/viptables.ts';

export default class ViptablesList extends XmCommand {
  static override description =
    'List the rules about who may send Argo messages to whom.\nIn their order: the first that matches decides. They are kept while xend runs.';
  static override examples = [
    '<%= config.bin %> viptables list',
    `<%= config.bin %> viptables list --json | jq '.[] | select(.accept | not) | .to'`,
  ];

  async run() {
    await this.parse(ViptablesList);
    const rules = await this.call('viptables.list', {});
    this.print(ruleTable(rules));
    return rules;
  }
}
