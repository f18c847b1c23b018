// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain } from '../src/cli/args.ts';
import { attachTo } from '../src/cli/attach.ts';
import { XmCommand } from '../src/cli/command.ts';
import { launchFlags, launchOptions, withWait } from '../src/cli/create.ts';

export default class Start extends XmCommand {
  static override description = "Start a domain that xend keeps, see 'xm new'.";
  static override examples = [
    '<%= config.bin %> start managed',
    { description: 'Stay on its console:', command: '<%= config.bin %> start -c managed' },
  ];
  static override args = { domain: domain() };
  static override flags = {
    console: boolean({ char: 'c', aliases: ['console_autoconnect'], description: 'Connect to its console.' }),
    ...launchFlags,
    quiet: boolean({ char: 'q', description: 'Print nothing when it works.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Start, withWait(this.argv));
    const started = await this.call('domain.start', { domain: args.domain, ...launchOptions(flags) });
    if (!flags.quiet) this.print(`Started domain ${started.name} (id=${started.domid})\n`);
    if (!flags.console) return started;
    const console = { silent: flags.quiet, collect: this.jsonEnabled() };
    return { ...started, ...(await attachTo(this.xend(), started.domid, console)) };
  }
}
