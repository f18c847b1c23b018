// SPDX-License-Identifier: Apache-2.0
import { boolean, string } from '@oclif/core/flags';
import { XmCommand } from '../src/cli/command.ts';
import { count } from '../src/cli/flags.ts';
import { moment } from '../src/cli/time.ts';

/** What `-f` shows of the past when nobody says how much: following means what comes. */
const FOLLOW_LINES = 10;

export default class Log extends XmCommand {
  static override description = "Print xend's log.";
  static override examples = [
    '<%= config.bin %> log -n 20',
    { description: 'The last ten minutes, and then what comes:', command: '<%= config.bin %> log -f --since 10m' },
    { description: 'One JSON object a line:', command: '<%= config.bin %> log -f --json' },
  ];
  static override flags = {
    follow: boolean({ char: 'f', description: 'Go on with new lines as they come; starts with the last 10.' }),
    lines: count({ char: 'n', description: 'Only the last so many lines.' }),
    since: string({ description: 'Only lines since then: 90s, 10m, 1h30m, 2d back, or a date.' }),
  };

  async run() {
    const { flags } = await this.parse(Log);
    const since = flags.since === undefined ? {} : { since: Math.floor(moment(flags.since, Date.now())) };
    if (!flags.follow) {
      const { lines } = await this.call('log.read', {
        ...since,
        ...(flags.lines === undefined ? {} : { lines: flags.lines }),
      });
      this.print(lines.map((line) => `${line}\n`).join(''));
      return { lines };
    }
    const shown = flags.lines ?? (flags.since === undefined ? FOLLOW_LINES : undefined);
    const query = new URLSearchParams();
    if (shown !== undefined) query.set('lines', String(shown));
    if (since.since !== undefined) query.set('since', String(since.since));
    for await (const line of this.xend().follow(`/log?${query}`)) {
      process.stdout.write(`${this.jsonEnabled() ? JSON.stringify({ line }) : line}\n`);
    }
    return undefined;
  }
}
