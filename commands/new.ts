// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { XmCommand } from '../src/cli/command.ts';
import { configFlags, configWords, readGiven } from '../src/cli/create.ts';
import { checkText } from '../src/cli/validate.ts';

export default class New extends XmCommand {
  static override description =
    'Have xend keep the domains of a configuration file, without starting them.\nThey are listed from now on, whether they run or not, and also by the next xend: (on_xend_start start) has it start them. --json shows one domain as an object, several as a list.';
  static override examples = [
    '<%= config.bin %> new configs/managed.sxp',
    { description: 'Then:', command: '<%= config.bin %> start managed' },
    {
      description: 'Python-style, with a variable that it asks for, and another name:',
      command: '<%= config.bin %> new configs/numbered.cfg vmid=3 name=three',
    },
  ];
  static override args = { configFile: configWords() };
  static override flags = {
    ...configFlags,
    dryrun: boolean({ char: 'n', aliases: ['dry-run'], description: 'Check it and print it as SXP, keep nothing.' }),
    quiet: boolean({ char: 'q', description: 'Print nothing when it works.' }),
  };

  async run() {
    const { args, flags } = await this.parse(New);
    const config = await readGiven(args.configFile ?? [], flags);
    if (flags.dryrun) {
      const checked = await checkText(this.xend(), config);
      this.print(checked.sxp ?? '');
      return checked;
    }
    const { report, domains } = await this.call('domain.new', config);
    if (report !== '') this.notice(report.trimEnd());
    const lines = [`Using config file "${config.file}".`, ...domains.map(({ name }) => `New domain ${name}`)];
    this.print(flags.quiet ? '' : `${lines.join('\n')}\n`);
    return domains.length === 1 ? domains[0] : domains;
  }
}
