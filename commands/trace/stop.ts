// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { traceLine } from '../../src/cli/trace.ts';

export default class TraceStop extends XmCommand {
  static override description = "End recording. What was recorded can be dumped until the next 'trace start'.";
  static override examples = [
    '<%= config.bin %> trace stop',
    '<%= config.bin %> trace stop && <%= config.bin %> trace dump -o trace.json',
  ];

  async run() {
    await this.parse(TraceStop);
    const status = await this.call('trace.stop', {});
    this.print(traceLine(status));
    return status;
  }
}
