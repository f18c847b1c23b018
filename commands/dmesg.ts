// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { XmCommand } from '../src/cli/command.ts';

export default class Dmesg extends XmCommand {
  static override description = "Print the hypervisor's message buffer.";
  static override examples = ['<%= config.bin %> dmesg', '<%= config.bin %> dmesg -c'];
  static override flags = { clear: boolean({ char: 'c', description: 'Empty the buffer after printing it.' }) };

  async run() {
    const { flags } = await this.parse(Dmesg);
    const { text } = await this.call('node.dmesg', { clear: flags.clear });
    this.print(text === '' || text.endsWith('\n') ? text : `${text}\n`);
    return { text };
  }
}
