// SPDX-License-Identifier: Apache-2.0
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { seconds } from '../src/cli/flags.ts';

export default class Suspend extends XmCommand {
  static override description =
    "Save a domain that xend keeps (see 'xm new') and end it; xm resume lets it go on.\nIts kernel must offer its state, as the shell does. What fails lets the domain go on.";
  static override examples = ['<%= config.bin %> suspend managed', '<%= config.bin %> suspend --timeout 60 managed'];
  static override args = { domain: domain() };
  static override flags = {
    timeout: seconds({ description: 'Seconds its kernel has to give its state. Default: 20.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Suspend);
    const { timeout } = flags;
    await this.call('domain.suspend', { domain: args.domain, ...(timeout === undefined ? {} : { timeout }) });
    return { domain: args.domain };
  }
}
