// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { optionalWord } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { seconds } from '../src/cli/flags.ts';
import { endDomains } from '../src/cli/shutdown.ts';

export default class Reboot extends XmCommand {
  static override description = 'Ask a domain to reboot.';
  static override examples = ['<%= config.bin %> reboot demo', '<%= config.bin %> reboot -w --timeout 5 demo'];
  static override args = { domain: optionalWord('Domain: its name, id or uuid.') };
  static override flags = {
    all: boolean({ char: 'a', description: 'All domains but Domain-0.' }),
    wait: boolean({ char: 'w', description: 'Wait until it runs again.' }),
    timeout: seconds({ description: 'Seconds it has to end by itself; then it is destroyed. Default: 30.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Reboot);
    return endDomains(this.xend(), {
      ...flags,
      domain: args.domain,
      reason: 'reboot',
      say: (line) => this.print(line),
    });
  }
}
