// SPDX-License-Identifier: Apache-2.0
import { attachTo } from '../src/cli/attach.ts';
import { XmCommand } from '../src/cli/command.ts';
import { createCopies } from '../src/cli/copies.ts';
import { configWords, createFlags, launchOptions, look, readGiven, withWait } from '../src/cli/create.ts';

export default class Create extends XmCommand {
  static override description =
    'Create and start the domains of a configuration file.\nThe file is SXP or Python-style. When one of several domains cannot be created, none is; --json shows one domain as an object, several as a list.\nIt returns when all devices are connected and the kernels run. When that takes too long, the status is 124, what was waited for is said, and nothing stays.\nCopies (-N) are numbered: the number takes the place of each %d in SXP, or else is appended to names after a -.';
  static override examples = [
    '<%= config.bin %> create configs/demo.sxp',
    { description: 'Several domains at once:', command: '<%= config.bin %> create configs/idc-pair.sxp' },
    {
      description: 'Python-style, with a variable that it asks for, and another name:',
      command: '<%= config.bin %> create configs/numbered.cfg vmid=3 name=three',
    },
    { description: 'What it asks for:', command: '<%= config.bin %> create --help_config configs/numbered.cfg' },
    { description: 'Start it and stay on its console:', command: '<%= config.bin %> create -c configs/demo.sxp' },
    { description: 'Give up after two seconds:', command: '<%= config.bin %> create --timeout 2 configs/demo.sxp' },
    { description: 'A thousand of them:', command: '<%= config.bin %> create -N 1000 configs/cow-boot.sxp' },
    {
      description: 'Print what would be created; the output is a configuration:',
      command: '<%= config.bin %> create -n configs/demo.sxp',
    },
  ];
  static override args = { configFile: configWords() };
  static override flags = createFlags;

  async run() {
    const { args, flags } = await this.parse(Create, withWait(this.argv));
    const config = await readGiven(args.configFile ?? [], flags);
    const looked = await look(this.xend(), config, flags);
    if (looked !== undefined) {
      this.print(looked.text);
      return looked.value;
    }
    const how = { ...config, ...launchOptions(flags) };
    const say = (line: string) => this.print(flags.quiet ? '' : line);
    say(`Using config file "${config.file}".\n`);
    if (flags.copies !== undefined) {
      const silent = flags.quiet || this.jsonEnabled();
      const copies = await createCopies(this.xend(), how, flags.copies, silent);
      say(`Started ${copies.length} domains, ${copies[0]!.name} to ${copies.at(-1)!.name}\n`);
      return copies;
    }
    const { report, domains } = await this.call('domain.create', how);
    if (report !== '') this.notice(report.trimEnd());
    for (const { name, domid } of domains) say(`Started domain ${name} (id=${domid})\n`);
    const [first, ...others] = domains;
    if (flags.console) {
      const console = { silent: flags.quiet, collect: this.jsonEnabled() };
      return { ...first, ...(await attachTo(this.xend(), first!.domid, console)) };
    }
    return others.length === 0 ? first : domains;
  }
}
