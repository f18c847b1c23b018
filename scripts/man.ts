// SPDX-License-Identifier: Apache-2.0
import { DEPRECATED } from '../src/cli/names.ts';
import { UNSUPPORTED } from '../src/cli/unsupported.ts';
import { argumentLine, spoken } from '../src/cli/usage.ts';

/** What the page needs of a command; its entry in the manifest has it. */
export interface ManCommand {
  readonly id: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly examples?: readonly (string | { readonly description: string; readonly command: string })[];
  readonly args: Readonly<Record<string, ManArgument>>;
  readonly flags: Readonly<Record<string, ManFlag>>;
}

interface ManArgument {
  readonly description?: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
}

interface ManFlag {
  readonly char?: string;
  readonly aliases?: string[];
  readonly description?: string;
  readonly helpValue?: string | readonly string[];
  readonly type: 'boolean' | 'option';
  readonly hidden?: boolean;
  readonly default?: unknown;
}

/** Text as roff has it: no escapes, no requests at the beginning of a line, and minus signs that can be copied. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}

const bold = (text: string): string => `\\fB${roff(text)}\\fR`;

/** Paragraphs of a description, whose lines are paragraphs. */
const paragraphs = (text: string): string[] => text.split('\n').map(roff).join('\n.PP\n').split('\n');

/** A tagged paragraph: a term, and what is said about it. */
const tagged = (term: string, text: string): string[] => ['.TP', term, ...roff(text).split('\n')];

function option(name: string, { char, helpValue, type, default: usual, description = '' }: ManFlag): string[] {
  const value = type === 'option' ? ` ${[helpValue ?? '<value>'].flat().join(' ')}` : '';
  const names = [...(char === undefined ? [] : [`-${char}`]), `--${name}`].map(bold).join(', ');
  const text = type === 'option' && usual !== undefined ? `${description} Default: ${usual}.` : description;
  return tagged(`${names}${roff(value)}`, text);
}

function example(one: NonNullable<ManCommand['examples']>[number]): string[] {
  const { description, command } = typeof one === 'string' ? { description: '', command: one } : one;
  const line = roff(command.replaceAll('<%= config.bin %>', 'xm'));
  return [...(description === '' ? [] : ['.PP', roff(description)]), '.PP', '.RS 4', '.nf', line, '.fi', '.RE'];
}

function section(command: ManCommand): string[] {
  const { id, description = '', args, flags, examples = [] } = command;
  const shown = Object.entries(flags).filter(([name, { hidden }]) => !hidden && name !== 'json');
  const title = ['xm', spoken(id), ...(shown.length > 0 ? ['[options]'] : []), argumentLine(command)];
  return [
    `.SS ${roff(title.filter(Boolean).join(' '))}`,
    ...paragraphs(description),
    ...Object.entries(args).flatMap(([name, { description: text = '' }]) =>
      tagged(roff(`<${name[0]!.toUpperCase()}${name.slice(1)}>`), text),
    ),
    ...shown.flatMap(([name, flag]) => option(name, flag)),
    ...examples.flatMap(example),
  ];
}

const STATUS = [
  ['0', 'It is done.'],
  ['1', 'An error; one line on stderr begins with "Error:" and says which.'],
  ['3', 'There is no such domain, or xend does not run (xm xend status).'],
  ['124', 'Time ran out.'],
] as const;

const ENVIRONMENT = [
  ['XEND_RUNDIR', 'Directory of the socket. Default: $XDG_RUNTIME_DIR/xend, else /tmp/xend-UID.'],
  ['XEND_STATEDIR', 'Directory of records and logs. Default: $XDG_STATE_HOME/xend, else ~/.local/state/xend.'],
  ['XEND_CONFIG', 'The configuration of xend. Default: xend-config.sxp in the state directory.'],
  ['XM_NO_AUTOSTART', 'If it is 1, no command starts xend.'],
  ['XM_NODE', 'The Node that runs xm.'],
  ['XM_DEBUG', 'If it is 1, errors have a stack trace.'],
] as const;

/** Sentences, each with the names that it is about. */
function unsupported(): string[] {
  const byReason = Map.groupBy(UNSUPPORTED, ([, { why }]) => why);
  return [...byReason].flatMap(([why, names]) =>
    tagged(names.map(([name]) => bold(name)).join(', '), `${why[0]!.toUpperCase()}${why.slice(1)}.`),
  );
}

/**
 * The manual page of `xm` in man(7), from what the commands say about themselves.
 *
 * @param commands of the manifest
 * @param version of the package
 */
export function manPage(commands: readonly ManCommand[], version: string): string {
  const shown = commands.filter(({ hidden }) => !hidden).sort((a, b) => (a.id < b.id ? -1 : 1));
  const lines = [
    '.\\" Made from the commands by scripts/man.ts.',
    `.TH XM 1 "" "xm ${version}" "xm manual"`,
    '.SH NAME',
    'xm \\- boot domains in threads, connect their devices, look at them',
    '.SH SYNOPSIS',
    '.B xm',
    '.I subcommand',
    '.RI [ options ]',
    '.RI [ arguments ]',
    '.SH DESCRIPTION',
    'A domain is a thread with memory pages, grant tables and event channels of its own, in the supervisor',
    '.BR xend ,',
    'which starts by itself when a subcommand needs it.',
    'Devices are split into front ends and back ends, which talk over shared rings.',
    '.PP',
    ...roff(
      'A domain is named by its name, its id or its uuid. Each subcommand takes --json, which prints its result, or its error, as JSON on stdout; and --help.',
    ).split('\n'),
    ...roff('A subcommand that changes nothing may be shortened to a beginning that no other has: xm li.').split('\n'),
    '.SH SUBCOMMANDS',
    ...shown.flatMap(section),
    '.SH EXIT STATUS',
    ...STATUS.flatMap(([status, text]) => tagged(bold(status), text)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, text]) => tagged(bold(name), text)),
    '.SH FORMER NAMES',
    'These still work, and say what they are called now.',
    ...[...DEPRECATED].flatMap(([name, newer]) => tagged(bold(name), `xm ${newer}`)),
    '.SH NOT SUPPORTED',
    'Subcommands of Xen that have no meaning here, and why.',
    ...unsupported(),
  ];
  return `${lines.join('\n')}\n`;
}
