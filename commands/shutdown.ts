// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { optionalWord } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { seconds } from '../src/cli/flags.ts';
import { endDomains } from '../src/cli/shutdown.ts';

export default class Shutdown extends XmCommand {
  static override description = 'Ask a domain to shut down.';
  static override examples = [
    '<%= config.bin %> shutdown demo',
    {
      description: 'Wait until it is gone, and give it 5 seconds to end by itself:',
      command: '<%= config.bin %> shutdown -w --timeout 5 demo',
    },
    { description: 'All domains but Domain-0:', command: '<%= config.bin %> shutdown -a -w' },
  ];
  static override args = { domain: optionalWord('Domain: its name, id or uuid.') };
  static override flags = {
    all: boolean({ char: 'a', description: 'All domains but Domain-0.' }),
    wait: boolean({ char: 'w', description: 'Wait until it is gone.' }),
    timeout: seconds({ description: 'Seconds it has to end by itself; then it is destroyed. Default: 30.' }),
    reboot: boolean({ char: 'R', description: 'Ask for a reboot instead.', exclusive: ['halt'] }),
    halt: boolean({ char: 'H', description: 'Ask for a halt instead.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Shutdown);
    const reason = flags.reboot ? 'reboot' : flags.halt ? 'halt' : 'poweroff';
    return endDomains(this.xend(), { ...flags, domain: args.domain, reason, say: (line) => this.print(line) });
  }
}
