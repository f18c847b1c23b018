// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain, optionalFile } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class DumpCore extends XmCommand {
  static override description =
    "Write a domain's pages, grant table, event channels and last output to a file.\nThe domain is paused meanwhile, and goes on then. The heap of its kernel is not in the file.";
  static override examples = [
    '<%= config.bin %> dump-core demo',
    { description: 'To a file, while it runs on:', command: '<%= config.bin %> dump-core -L demo demo.core' },
    { description: 'End it then:', command: '<%= config.bin %> dump-core -C demo demo.core' },
  ];
  static override args = {
    domain: domain(),
    file: optionalFile("Where it is written. Default: below dump/ in the directory of xend's state."),
  };
  static override flags = {
    live: boolean({ char: 'L', description: 'Do not pause the domain: the file is of different moments.' }),
    crash: boolean({ char: 'C', description: 'End the domain then.', exclusive: ['reset'] }),
    reset: boolean({ char: 'R', description: 'Reboot the domain then, without asking it.' }),
  };

  async run() {
    const { args, flags } = await this.parse(DumpCore);
    this.print(`Dumping core of domain: ${args.domain} ...\n`);
    const { path } = await this.call('domain.dump', {
      domain: args.domain,
      live: flags.live,
      ...(args.file === undefined ? {} : { path: args.file }),
      ...(flags.crash ? { after: 'destroy' } : flags.reset ? { after: 'reset' } : {}),
    });
    this.print(`Its core is in ${path}\n`);
    return { path };
  }
}
