// SPDX-License-Identifier: Apache-2.0
import { boolean, string } from '@oclif/core/flags';
import { domain } from '../src/cli/args.ts';
import { attach } from '../src/cli/attach.ts';
import { XmCommand } from '../src/cli/command.ts';
import { historyOf, lossNote, readConsoleLog } from '../src/cli/console-log.ts';
import { seconds } from '../src/cli/flags.ts';

/** Lines of a terminal that does not say how many it has. */
const SCREEN = 24;

export default class Console extends XmCommand {
  static override description =
    "Attach to a domain's console; CTRL-] leaves it.\nA terminal is first shown the last lines that others saw. Without one, stdin is typed for the domain and the console is left when it has been silent for a second after the end of stdin, or as the options say.";
  static override examples = [
    '<%= config.bin %> console demo',
    {
      description: 'What a domain said that crashed and is preserved:',
      command: '<%= config.bin %> console --log demo',
    },
    "printf 'ls\\n' | <%= config.bin %> console demo",
    {
      description: 'Wait for the end of a long command:',
      command: "printf 'sum xvda\\necho done\\n' | <%= config.bin %> console demo --until '^done'",
    },
  ];
  static override args = { domain: domain() };
  static override flags = {
    log: boolean({
      description: 'Print what the console said so far, and attach to nothing.',
      exclusive: ['quiet', 'until', 'timeout', 'linger'],
    }),
    history: boolean({ description: 'Begin with all that others saw, as far as it is kept.', exclusive: ['log'] }),
    quiet: boolean({ char: 'q', description: 'No banners, and nothing of what others saw.' }),
    until: string({ description: 'Leave when the output matches this regular expression (limit: 60 seconds).' }),
    timeout: seconds({ description: 'Fail after so many seconds.' }),
    linger: seconds({ description: 'Seconds of silence after the end of stdin. Default: 1.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Console);
    const past = async () => readConsoleLog(await this.call('domain.consoleLog', args));
    if (flags.log) {
      const { bytes, lost } = await past();
      this.print(lossNote(lost));
      this.print(bytes);
      return { domain: args.domain, output: bytes.toString('utf8'), lost };
    }
    const { path, domid, name } = await this.call('domain.console', args);
    const screen = process.stdin.isTTY && process.stdout.isTTY && !flags.quiet ? process.stdout.rows || SCREEN : 0;
    const lines = flags.history ? Number.POSITIVE_INFINITY : screen;
    const history = lines > 0 ? historyOf(await past(), lines) : '';
    const collect = this.jsonEnabled();
    const options = { until: flags.until, timeout: flags.timeout, quiet: flags.linger, silent: flags.quiet };
    const session = await attach(path, { ...options, collect, history });
    return { domid, name, ...session };
  }
}
