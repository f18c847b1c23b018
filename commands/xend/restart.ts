// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { restartXend } from '../../src/cli/xend-status.ts';

export default class XendRestart extends XmCommand {
  static override description =
    'End xend, with all domains, and start it again.\nWhen its configuration is wrong that is said, and it goes on as it is.';
  static override examples = ['<%= config.bin %> xend restart', '<%= config.bin %> xend restart --json'];

  async run() {
    await this.parse(XendRestart);
    const { status, line } = await restartXend(this.xend(false));
    this.print(line);
    return status;
  }
}
