// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { statusLine, xendStatus } from '../../src/cli/xend-status.ts';

export default class XendStatus extends XmCommand {
  static override description = 'Say whether xend runs.\nExit status 0 when it does, 3 when it does not.';
  static override examples = ['<%= config.bin %> xend status', '<%= config.bin %> xend status --json | jq .pid'];

  async run() {
    await this.parse(XendStatus);
    const status = await xendStatus(this.xend(false));
    this.print(statusLine(status));
    if (!status) process.exitCode = 3;
    return status ? { running: true, ...status } : { running: false };
  }
}
