// SPDX-License-Identifier: Apache-2.0
import { boolean, string } from '@oclif/core/flags';
import { domain } from '../src/cli/args.ts';
import { attach } from '../src/cli/attach.ts';
import { XmCommand } from '../src/cli/command.ts';
import { seconds } from '../src/cli/flags.ts';

export default class Console extends XmCommand {
  static override description =
    "Attach to a domain's console; CTRL-] leaves it.\nWithout a terminal, stdin is typed for the domain and the console is left when it has been silent for a second after the end of stdin, or as the options say.";
  static override examples = [
    '<%= config.bin %> console demo',
    "printf 'ls\\n' | <%= config.bin %> console demo",
    {
      description: 'Wait for the end of a long command:',
      command: "printf 'sum xvda\\necho done\\n' | <%= config.bin %> console demo --until '^done'",
    },
  ];
  static override args = { domain: domain() };
  static override flags = {
    quiet: boolean({ char: 'q', description: 'No banners.' }),
    until: string({ description: 'Leave when the output matches this regular expression (limit: 60 seconds).' }),
    timeout: seconds({ description: 'Fail after so many seconds.' }),
    linger: seconds({ description: 'Seconds of silence after the end of stdin. Default: 1.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Console);
    const { path, domid, name } = await this.call('domain.console', { domain: args.domain });
    const session = await attach(path, {
      until: flags.until,
      timeout: flags.timeout,
      quiet: flags.linger,
      silent: flags.quiet,
      collect: this.jsonEnabled(),
    });
    return { domid, name, ...session };
  }
}
