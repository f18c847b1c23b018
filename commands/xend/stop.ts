// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { stopXend } from '../../src/cli/xend-status.ts';

export default class XendStop extends XmCommand {
  static override description = 'Destroy all domains and end xend.';
  static override examples = ['<%= config.bin %> xend stop', '<%= config.bin %> xend stop --json'];

  async run() {
    await this.parse(XendStop);
    const stopped = await stopXend(this.xend(false));
    this.print(stopped ? `xend stopped (pid ${stopped.pid})\n` : 'xend is not running\n');
    return { stopped: stopped !== undefined };
  }
}
