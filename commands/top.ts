// SPDX-License-Identifier: Apache-2.0
import { boolean, string } from '@oclif/core/flags';
import { XmCommand } from '../src/cli/command.ts';
import { count, pace } from '../src/cli/flags.ts';

export default class Top extends XmCommand {
  static override description =
    'Show what domains, rings, event channels, endpoints, grants, the store and the log do, like top.\nWithout a terminal, with -b, -o and --json it writes a report a round. Columns, order and filter are those of the view, of domains without one.';
  static override examples = [
    '<%= config.bin %> top',
    { description: 'Rings first:', command: '<%= config.bin %> top --view rings' },
    { description: 'Two rounds, one second apart:', command: '<%= config.bin %> top -b -i 2 -d 1' },
    { description: 'Event channels for a spreadsheet:', command: '<%= config.bin %> top -i 1 -o csv --view channels' },
    {
      description: 'Busy rings of one domain:',
      command: '<%= config.bin %> top --view rings --sort requestRate --filter web',
    },
    { description: 'One JSON object a line:', command: '<%= config.bin %> top --json -i 1' },
  ];
  static override flags = {
    batch: boolean({ char: 'b', description: 'Reports instead of a screen.' }),
    iterations: count({ char: 'i', description: 'End after so many rounds (reports only).' }),
    delay: pace({ char: 'd', description: 'Seconds between two rounds.', default: 3 }),
    output: string({ char: 'o', description: 'Form of reports.', options: ['table', 'json', 'csv'] }),
    view: string({
      description: 'What is shown first, or all that is reported.',
      options: ['domains', 'rings', 'channels', 'endpoints', 'grants', 'xenstore', 'log'],
    }),
    sort: string({
      description: 'Column to sort by, its key or its title; -COLUMN: the other way round.',
      helpValue: '<column>',
    }),
    filter: string({ description: 'Only rows that have this text; !TEXT: that have not.', helpValue: '<text>' }),
    columns: string({
      description: 'Only these columns, with commas between them. An unknown one is answered with all there are.',
      helpValue: '<column,...>',
    }),
    'full-name': boolean({ char: 'f', description: 'Do not cut names (reports only).' }),
    rings: boolean({ description: 'Rings after the domains (reports only).', default: true, allowNo: true }),
  };

  protected override readonly jsonLines = true;

  async run() {
    const { flags } = await this.parse(Top);
    const { runTop } = await import('../src/tui/top.ts');
    await runTop(this.xend(), {
      ...flags,
      form: this.jsonEnabled() ? 'json' : flags.output,
      fullNames: flags['full-name'],
    });
    return undefined;
  }
}
