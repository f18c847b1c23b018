// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../src/cli/command.ts';
import { infoLines } from '../src/cli/format/info.ts';

export default class Info extends XmCommand {
  static override description = 'Show facts about this machine and this xend.';
  static override examples = ['<%= config.bin %> info', '<%= config.bin %> info --json | jq .free_memory'];

  async run() {
    await this.parse(Info);
    const fields = await this.call('node.info', {});
    this.print(infoLines(fields));
    return fields;
  }
}
