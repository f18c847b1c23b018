// SPDX-License-Identifier: Apache-2.0
import { boolean, string } from '@oclif/core/flags';
import { XmCommand } from '../src/cli/command.ts';
import { choice, lineCount } from '../src/cli/flags.ts';
import { LEVELS, logJson, logRequest, noteUnknown } from '../src/cli/log.ts';

export default class Log extends XmCommand {
  static override description =
    "Print xend's log.\nTimes are spans back from now (90s, 10m, 1h30m, 2d), dates, today, yesterday, or a time of this day (14:30). With -f and --json there is one object a line.";
  static override examples = [
    '<%= config.bin %> log -n 20',
    { description: 'The last ten minutes, and then what comes:', command: '<%= config.bin %> log -f --since 10m' },
    { description: 'What went wrong with a domain:', command: '<%= config.bin %> log --level warning --domain web' },
    { description: 'Each connection of a disk:', command: "<%= config.bin %> log --grep 'vbd_fe .*connected'" },
  ];
  static override flags = {
    follow: boolean({ char: 'f', description: 'Go on with new lines as they come; starts with the last 10.' }),
    lines: lineCount({ char: 'n', description: 'Only the last so many lines.' }),
    since: string({ description: 'Only lines since then.' }),
    until: string({ description: 'Only lines until then.', exclusive: ['follow'] }),
    level: choice(LEVELS, {
      description: `Only this level and above: ${LEVELS.join(', ')}; in any case, and the first letters do.`,
      helpValue: '<level>',
      short: true,
    }),
    domain: string({
      description: 'Only lines that name this domain; may be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    grep: string({
      description:
        'Only lines that match this regular expression, anywhere from date to message; without capitals in it, in any case.',
    }),
  };

  protected override readonly jsonLines = true;

  async run() {
    const { flags } = await this.parse(Log);
    const request = logRequest(flags, Date.now());
    if (!flags.follow) {
      const lines = request.select((await this.call('log.read', request.params)).lines);
      this.print(lines.map((line) => `${line}\n`).join(''));
      return lines.map(logJson);
    }
    const ask = (domain: string) => this.call('log.read', { domains: [domain], lines: 0 });
    await noteUnknown(flags.domain ?? [], ask, (line) => this.notice(line));
    for await (const line of request.follow(this.follow(request.path))) {
      process.stdout.write(`${this.jsonEnabled() ? JSON.stringify(logJson(line)) : line}\n`);
    }
    return undefined;
  }
}
