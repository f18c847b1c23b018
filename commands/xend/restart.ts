// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { ensureXend, stopXend } from '../../src/cli/xend-status.ts';

export default class XendRestart extends XmCommand {
  static override description = 'End xend, with all domains, and start it again.';
  static override examples = ['<%= config.bin %> xend restart', '<%= config.bin %> xend restart --json'];

  async run() {
    await this.parse(XendRestart);
    const xend = this.xend(false);
    await stopXend(xend);
    const { status, line } = await ensureXend(xend);
    this.print(line);
    return status;
  }
}
