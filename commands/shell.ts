// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../src/cli/command.ts';
import { runShell } from '../src/cli/shell.ts';

export default class Shell extends XmCommand {
  static override description =
    'Run subcommands of xm, one a line.\nThe exit status is that of the last one. With --json each of them is given it too.';
  static override examples = [
    '<%= config.bin %> shell',
    {
      description: 'Many commands in one process:',
      command: "printf 'pause demo\\nlist\\n' | <%= config.bin %> shell",
    },
  ];

  async run() {
    await this.parse(Shell);
    await runShell(this.config, this.jsonEnabled() ? ['--json'] : []);
  }
}
