// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { stateWord } from '../src/cli/states.ts';

export default class Domstate extends XmCommand {
  static override description =
    "Print a domain's state in a word.\nrunning, idle (it waits for something), paused, shutdown, crashed, dying, or shutoff for a domain that is known but not started.";
  static override examples = ['<%= config.bin %> domstate demo', 'test "$(<%= config.bin %> domstate demo)" = paused'];
  static override args = { domain: domain() };

  async run() {
    const { args } = await this.parse(Domstate);
    const [found] = await this.call('domain.all', { names: [args.domain] });
    const state = stateWord(found!);
    this.print(`${state}\n`);
    return { domain: args.domain, state };
  }
}
