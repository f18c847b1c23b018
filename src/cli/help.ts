// SPDX-License-Identifier: Apache-2.0
import { type CommandShape, spoken, summary } from './usage.ts';

/** The commands that `xm` alone lists; the rest is for `xm help`. */
const COMMON = ['console', 'create', 'destroy', 'info', 'list', 'log', 'pause', 'reboot', 'shutdown', 'top', 'unpause'];

const NAME_WIDTH = 20;
const TEXT_WIDTH = 50;
const TEXT_COLUMN = 22;

const FOOTER = `
<Domain> is the name, the id or the uuid of a domain.
`;

/** `xm` alone. */
export function shortHelp(commands: readonly CommandShape[]): string {
  const common = commands.filter((command) => COMMON.includes(command.id));
  const more = "For all subcommands run 'xm help', for one of them 'xm help <subcommand>'.\n";
  return `Usage: xm <subcommand> [args]\n\nCommon 'xm' subcommands:\n${rows(common)}${FOOTER}${more}`;
}

/** `xm help`. */
export function longHelp(commands: readonly CommandShape[]): string {
  const shown = commands.filter((command) => !command.hidden);
  const more = "For details and examples run 'xm help <subcommand>'.\n";
  return `Usage: xm <subcommand> [args]\n\nxm full list of subcommands:\n\n${rows(shown)}${FOOTER}${more}`;
}

/** `xm xend`: the commands of one topic. */
export function topicHelp(topic: string, commands: readonly CommandShape[]): string {
  const own = commands.filter(({ id }) => id.startsWith(`${topic}:`));
  return `Usage: xm ${topic} <subcommand>\n\n${rows(own)}`;
}

function rows(commands: readonly CommandShape[]): string {
  return [...commands]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(row)
    .join('');
}

/** A blank, the name in 20 columns, a blank, the text in 50; more lines of text start in the same column (spec/xend.md 4.4). */
function row(command: CommandShape): string {
  const [first = '', ...more] = wrap(summary(command));
  const lines = [
    ` ${spoken(command.id).padEnd(NAME_WIDTH)} ${first.padEnd(TEXT_WIDTH)}`,
    ...more.map((line) => ' '.repeat(TEXT_COLUMN) + line),
  ];
  return `${lines.join('\n')}\n`;
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > TEXT_WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => line.trimEnd());
}
