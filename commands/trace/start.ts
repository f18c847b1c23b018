// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { count } from '../../src/cli/flags.ts';
import { traceLine } from '../../src/cli/trace.ts';

export default class TraceStart extends XmCommand {
  static override description =
    'Have all domains record what happens on their rings and event channels.\nDomains that come later record too. What was recorded before is forgotten. Each keeps the last records, also after its end.';
  static override examples = [
    '<%= config.bin %> trace start',
    { description: 'Four times as much of each domain:', command: '<%= config.bin %> trace start --records 65536' },
  ];
  static override flags = {
    records: count({ description: 'Records that each domain keeps, of 32 bytes. Default: 16384.' }),
  };

  async run() {
    const { records } = (await this.parse(TraceStart)).flags;
    const status = await this.call('trace.start', records === undefined ? {} : { records });
    this.print(traceLine(status));
    return status;
  }
}
