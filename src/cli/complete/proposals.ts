// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { findName } from '../names.ts';
import { STATES } from '../states.ts';
import type { LiveNames, Proposal, Proposals } from './contract.ts';
import { isPair, proposePath, proposeSettings, wordsOf } from './settings.ts';
import { DISK_PATHS, POOL_VARIABLES, VM_VARIABLES } from './variables.ts';

/** What completion needs of a command; its entry in the manifest has it. */
export interface CompletedCommand {
  readonly id: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly args: Readonly<Record<string, { readonly multiple?: boolean; readonly options?: readonly string[] }>>;
  readonly flags: Readonly<Record<string, CompletedFlag>>;
}

interface CompletedFlag {
  readonly char?: string;
  readonly description?: string;
  readonly type: 'boolean' | 'option';
  readonly multiple?: boolean;
  readonly options?: readonly string[];
  readonly hidden?: boolean;
}

/** What is known of a command line up to the word that is completed. */
interface Place {
  readonly command: CompletedCommand;
  /** Positional arguments by their names. */
  readonly given: Readonly<Record<string, string>>;
  /** All of them that stand before, in order. */
  readonly before: readonly string[];
  /** The value of an option. */
  readonly option: (name: string) => string | undefined;
  /** The beginning of the word at the cursor. */
  readonly last: string;
  readonly live: LiveNames;
}

/** Names, or more than that. */
type Found = readonly string[] | Proposals;
type Source = (place: Place) => Promise<Found> | Found;

const domains: Source = ({ live }) => live.domains();
const NONE: Proposals = { words: [] };
const FILES: Proposals = { words: [], filesAfter: '' };
const files: Source = () => FILES;
const nothing: Source = () => [];

/** What stands in the place of an argument of that name, in all commands; a test knows every name. */
export const SOURCES: Readonly<Record<string, Source>> = {
  domain: domains,
  backDomain: domains,
  backend: domains,
  domains,
  class: ({ live }) => live.classes(),
  device: ({ live, command, given }) =>
    live.devices(given.domain ?? '', given.class ?? (command.id.startsWith('block-') ? 'vbd' : undefined)),
  address: ({ live }) => live.addresses(),
  mode: () => ['r', 'w', 'w!'],
  from: domains,
  to: domains,
  pool: ({ live }) => live.pools(),
  cpu: nothing,
  role: () => ['client', 'server'],
  configFile: configWord,
  backDev: ({ last }) => proposePath(DISK_PATHS, last),
  socket: files,
  file: files,
  memory: nothing,
  letter: () => ['s', 'b', 'o', 'c'],
  trigger: () => ['nmi', 'reset', 'init', 's3resume', 'power'],
  // Of xenstore, or to be thought of.
  path: nothing,
  pairs: nothing,
  modes: nothing,
  frontDev: nothing,
  setting,
  newName: nothing,
  verdict: () => ['accept', 'reject'],
  position: nothing,
  port: nothing,
  vcpu: () => ['all', '0'],
  cpus: () => ['all'],
  vcpus: () => ['1'],
};

/** What stands behind an option of that name, if its choices are not in the manifest. */
const FLAG_VALUES: Readonly<Record<string, (live: LiveNames) => Promise<readonly string[]>>> = {
  address: (live) => live.addresses(),
  pool: (live) => live.pools(),
  state: async () => STATES,
  // Only then: no other TAB wants it.
  level: async () => (await import('../../xend/log-line.ts')).LOG_LEVELS.map((level) => level.toLowerCase()),
};

/** Options whose values are files. */
const FILE_FLAGS: ReadonlySet<string> = new Set(['class', 'config', 'defconfig', 'output']);

/** Keys of the class of the device that is attached. */
async function setting({ live, given, before, last, option }: Place): Promise<Proposals> {
  const path = option('class');
  const fields = await live.fields(given.class ?? '', path === undefined ? undefined : resolve(path));
  return proposeSettings(fields, before, last, live);
}

/** A configuration, unless there is one, or variables of it; SXP has none. */
async function configWord({ command, live, before, last, option }: Place): Promise<Proposals> {
  const given = [...before.filter((word) => !isPair(word)), option('config'), option('defconfig')];
  const file = given.find((word) => word !== undefined);
  const another = file === undefined || command.id === 'validate' ? FILES : NONE;
  if (file?.endsWith('.sxp') || (last === '' && another === FILES)) return another;
  const variables = command.id.startsWith('cpupool') ? POOL_VARIABLES : VM_VARIABLES;
  const found = await proposeSettings(variables, before, last, live);
  return isPair(last) ? found : { ...another, ...found };
}

const summary = (text = ''): string => text.split('\n')[0]!;

/**
 * What may stand where the cursor is.
 *
 * @param words of the command line after `xm`, before the cursor's
 * @param last the beginning of the word at the cursor
 * @returns only words that begin so
 */
export async function propose(
  words: readonly string[],
  last: string,
  commands: readonly CompletedCommand[],
  live: LiveNames,
): Promise<Proposals> {
  const { words: all, ...others } = await proposeAll(words, last, commands, live);
  const found = new Map(all.filter(({ word }) => word.startsWith(last)).map((one) => [one.word, one]));
  return { words: [...found.values()], ...others };
}

async function proposeAll(
  words: readonly string[],
  last: string,
  commands: readonly CompletedCommand[],
  live: LiveNames,
): Promise<Proposals> {
  const visible = commands.filter(({ hidden }) => !hidden);
  const typed = words[0] === 'help' ? words.slice(1) : words;
  const named = findCommand(typed, visible);
  if (named === undefined) return { words: names(typed, visible, words.length === 0) };
  if (words[0] === 'help') return NONE;
  const { command, rest } = named;
  const ended = rest.includes('--');
  if (last.startsWith('-') && !ended) return { words: options(command, rest) };
  const valued = ended ? undefined : optionNamed(command, rest.at(-1));
  if (valued?.[1].type === 'option') {
    const [name, { options: choices = await FLAG_VALUES[name]?.(live) }] = valued;
    return FILE_FLAGS.has(name) ? FILES : { words: wordsOf(choices ?? []) };
  }
  const given = positionals(command, rest);
  const [name, arg] = argumentAt(command, given.length);
  if (name === undefined) return NONE;
  const titles = Object.keys(command.args);
  const place: Place = {
    command,
    live,
    given: Object.fromEntries(given.map((word, at) => [titles[at] ?? '', word])),
    before: given,
    option: (wanted) => optionValue(command, rest, wanted),
    last,
  };
  const found = arg?.options ?? (await (SOURCES[name] ?? nothing)(place));
  if ('words' in found) return found;
  return { words: wordsOf(found.filter((word) => !arg?.multiple || !given.includes(word))) };
}

/** The command that the words begin with, also by a former or shortened name, and what follows it. */
function findCommand(words: readonly string[], commands: readonly CompletedCommand[]) {
  const [first = '', second = ''] = words;
  for (const id of [`${first}:${second}`, first]) {
    const command = commands.find((one) => one.id === id);
    if (command !== undefined) return { command, rest: words.slice(id.split(':').length) };
  }
  const known = commands.map(({ id }) => id);
  const other = findName(first, known);
  const command = other.kind === 'command' && commands.find(({ id }) => id === other.name);
  return command ? { command, rest: words.slice(1) } : undefined;
}

/** The next word of the names that begin with these words. */
function names(
  words: readonly string[],
  commands: readonly CompletedCommand[],
  withHelp: boolean,
): readonly Proposal[] {
  const found = commands
    .map(({ id, description }) => ({ parts: id.split(':'), help: summary(description) }))
    .filter(({ parts }) => parts.length > words.length && words.every((word, at) => word === parts[at]))
    .map(({ parts, help }) => ({
      word: parts[words.length]!,
      help: parts.length === words.length + 1 ? help : `Subcommands of ${parts[words.length]}.`,
    }));
  return withHelp ? [...found, { word: 'help', help: 'Show how a subcommand is used.' }] : found;
}

function options({ flags }: CompletedCommand, given: readonly string[]): readonly Proposal[] {
  return Object.entries(flags)
    .filter(([name, { hidden, multiple, char }]) => {
      const used = given.includes(`--${name}`) || given.includes(`-${char}`);
      return !hidden && (multiple || !used);
    })
    .map(([name, { description }]) => ({ word: `--${name}`, help: summary(description) }))
    .concat([{ word: '--help', help: 'Show how it is used.' }]);
}

function optionNamed({ flags }: CompletedCommand, word = '') {
  return Object.entries(flags).find(([name, { char }]) => word === `--${name}` || word === `-${char}`);
}

function optionValue(command: CompletedCommand, words: readonly string[], wanted: string): string | undefined {
  const at = words.findIndex((word) => optionNamed(command, word)?.[0] === wanted);
  return at < 0 ? words.find((word) => word.startsWith(`--${wanted}=`))?.slice(wanted.length + 3) : words[at + 1];
}

/** Words that are neither options nor their values. */
function positionals(command: CompletedCommand, words: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === '--') return [...found, ...words.slice(at + 1)];
    if (!word.startsWith('-') || word === '-') found.push(word);
    else if (optionNamed(command, word)?.[1].type === 'option') at += 1;
  }
  return found;
}

/** The argument that a word in that place is. */
function argumentAt({ args }: CompletedCommand, at: number) {
  const all = Object.entries(args);
  const last = all.at(-1);
  return all[at] ?? (last?.[1].multiple ? last : [undefined, undefined]);
}
