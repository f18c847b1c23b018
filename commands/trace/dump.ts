// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { usageError } from '../../src/cli/failure.ts';
import { output } from '../../src/cli/flags.ts';
import { STDOUT } from '../../src/cli/output-file.ts';
import { writeTrace, writtenLine } from '../../src/cli/trace.ts';

export default class TraceDump extends XmCommand {
  static override description =
    'Write what domains recorded to a file for Perfetto (https://ui.perfetto.dev) or chrome://tracing.\nDomains go on meanwhile. Arrows lead from who asks to who serves and back, and from who rings to who is woken.';
  static override examples = [
    '<%= config.bin %> trace dump -o trace.json',
    {
      description: 'The longest transactions, in microseconds:',
      command: `<%= config.bin %> trace dump -o - | jq '[.traceEvents[] | select(.name == "serve").dur] | sort | .[-5:]'`,
    },
  ];
  static override flags = {
    output: output({
      char: 'o',
      description: 'The file, or - for stdout; it is replaced when all of it is written.',
      required: true,
    }),
  };

  async run() {
    const { flags } = await this.parse(TraceDump);
    const toStdout = flags.output === STDOUT;
    if (toStdout && this.jsonEnabled()) throw usageError('--json and -o - both want stdout.');
    const written = writeTrace(await this.call('trace.dump', {}), flags.output);
    if (toStdout) this.notice(writtenLine(written).trimEnd());
    else this.print(writtenLine(written));
    return written;
  }
}
