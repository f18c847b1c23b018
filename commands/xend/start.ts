// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { ensureXend } from '../../src/cli/xend-status.ts';

export default class XendStart extends XmCommand {
  static override description = 'Start xend, unless it runs.\nOther commands start it by themselves when they need it.';
  static override examples = [
    '<%= config.bin %> xend start',
    'XEND_RUNDIR=/tmp/second XEND_STATEDIR=/tmp/second/state <%= config.bin %> xend start',
  ];

  async run() {
    await this.parse(XendStart);
    const { status, line } = await ensureXend(this.xend(false));
    this.print(line);
    return status;
  }
}
