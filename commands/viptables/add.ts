// SPDX-License-Identifier: Apache-2.0
import { choiceWord, word } from '../../src/cli/args.ts';
import { XmCommand } from '../../src/cli/command.ts';
import { count } from '../../src/cli/flags.ts';
import { ruleLine } from '../../src/cli/format/viptables.ts';

export default class ViptablesAdd extends XmCommand {
  static override description =
    "Add a rule about who may send Argo messages to whom.\nThe first rule that matches decides; where none does, all may send. An end is DOMAIN or DOMAIN:PORT, and either may be '*'. Streams that a rule cuts end with a reason.";
  static override examples = [
    "<%= config.bin %> viptables add reject web '*:80'",
    {
      description: 'Only one domain may send to another one:',
      command: "<%= config.bin %> viptables add accept web db && <%= config.bin %> viptables add reject '*' db",
    },
    "<%= config.bin %> viptables add accept 'Domain-0' '*' --at 1",
  ];
  static override args = {
    verdict: choiceWord('accept or reject.', ['accept', 'reject']),
    from: word('Sender: DOMAIN[:PORT].'),
    to: word('Receiver: DOMAIN[:PORT].'),
  };
  static override flags = { at: count({ description: 'Position in the table. Default: behind the last rule.' }) };

  async run() {
    const { args, flags } = await this.parse(ViptablesAdd);
    const { verdict, from, to } = args;
    const where = flags.at === undefined ? {} : { at: flags.at };
    const rule = await this.call('viptables.add', { from, to, accept: verdict === 'accept', ...where });
    this.print(ruleLine(rule));
    return rule;
  }
}
