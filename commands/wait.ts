// SPDX-License-Identifier: Apache-2.0
import { string } from '@oclif/core/flags';
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { CONDITIONS } from '../src/cli/conditions.ts';
import { seconds } from '../src/cli/flags.ts';
import { waitFor } from '../src/cli/wait.ts';

export default class Wait extends XmCommand {
  static override description =
    'Wait until a domain is as it should be.\nconnected: it runs, and all its devices are connected; running; paused; endpoint: its endpoints of the IDC API are connected. For these it need not exist yet. shutdown: its kernel ended, however; crashed; gone: nothing of it is left, or it was restarted. Exit status: 0, 1 when it cannot come any more, 3 for an unknown domain, 124 when the time is over.';
  static override examples = [
    '<%= config.bin %> wait demo --for connected --timeout 10',
    { description: 'A conversation can begin:', command: '<%= config.bin %> wait left --for endpoint --address pair' },
    { description: 'The end of a domain, and why:', command: '<%= config.bin %> wait demo --for shutdown --json' },
  ];
  static override args = { domain: domain() };
  static override flags = {
    for: string({ description: 'What to wait for.', options: Object.keys(CONDITIONS), default: 'running' }),
    address: string({ description: 'With --for endpoint: only endpoints at this address.' }),
    timeout: seconds({ description: 'Give up after so many seconds.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Wait);
    const request = { domain: args.domain, condition: flags.for, address: flags.address, timeout: flags.timeout };
    return waitFor((signal) => this.xend(true, signal), request);
  }
}
