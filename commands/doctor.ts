// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../src/cli/command.ts';
import { examinationText, examine } from '../src/cli/doctor/examine.ts';

export default class Doctor extends XmCommand {
  static override description =
    'Look for what keeps domains from working: stalled rings, channels, devices and loops, and around xend.\nWorks without a running xend too, starts none and changes nothing. Exit status 0 when all is well, 1 otherwise.';
  static override examples = [
    '<%= config.bin %> doctor',
    {
      description: 'Who owes the next step, and for how long:',
      command: `<%= config.bin %> doctor --json | jq -r '.findings[] | select(.grade == "problem").text'`,
    },
  ];

  async run() {
    await this.parse(Doctor);
    // A xend that hangs does not answer, and would keep us too.
    const over = new AbortController();
    const examination = await examine(this.xend(false, over.signal)).finally(() => over.abort());
    this.print(examinationText(examination));
    if (!examination.healthy) process.exitCode = 1;
    return examination;
  }
}
