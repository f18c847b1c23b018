// SPDX-License-Identifier: Apache-2.0
import { boolean, integer, string } from '@oclif/core/flags';
import { printable } from '../words.ts';
import type { XendClient } from '../xend/client.ts';
import type { ConfigText } from '../xend/contract.ts';
import { words } from './args.ts';
import { usageError } from './failure.ts';
import { choice, seconds, withDefault } from './flags.ts';
import { CONFIG_PATH, readConfig, splitWords } from './input.ts';
import { checkText } from './validate.ts';

/** What is read when no file is given (spec/xend.md 2.2). */
const DEFAULT_FILE = 'xmdefconfig';

/** The configuration and its variables. */
export const configWords = () =>
  words('Configuration, or - for stdin; NAME=VALUE are variables of a Python-style one.');

/** The options that say which configuration is meant. */
export const configFlags = {
  defconfig: string({ char: 'f', description: 'The configuration, as an option.', exclusive: ['config'] }),
  config: string({ char: 'F', description: 'The configuration, which is SXP and taken as it is.' }),
  path: string({ description: 'Where a file is looked for that is not found as given.', default: CONFIG_PATH }),
};

/** The options that say how it is started. */
export const launchFlags = {
  paused: boolean({ char: 'p', description: 'Leave it paused.' }),
  wait: choice(['connected'], {
    char: 'w',
    description: 'Wait until all devices are connected, which is the default.',
    helpValue: '[connected]',
  }),
  timeout: seconds({
    description: 'Seconds that all of it may take. Default: 20 for each domain, or what xend-config.sxp says.',
  }),
};

/** All options of `xm create`: also how many are created, and what is shown of it. */
export const createFlags = {
  ...configFlags,
  copies: integer({ char: 'N', min: 1, exclusive: ['console'], description: 'So many copies; as many as fit stay.' }),
  console: boolean({ char: 'c', aliases: ['console_autoconnect'], description: 'Connect to the first console.' }),
  dryrun: boolean({ char: 'n', aliases: ['dry-run'], description: 'Check it and print it as SXP, create nothing.' }),
  help_config: boolean({
    aliases: ['help-config'],
    description: 'Print what the configuration asks for, create nothing.',
  }),
  ...launchFlags,
  quiet: boolean({ char: 'q', description: 'Print nothing when it works.' }),
};

/** Gives `--wait` the value that it has without one. @param argv what was typed after the command */
export const withWait = (argv: readonly string[]): string[] => withDefault(argv, ['--wait', '-w'], 'connected');

/** What xend is told of them; `connected` is what it waits for in any case. */
export function launchOptions({ paused, timeout }: { readonly paused: boolean; readonly timeout: number | undefined }) {
  return { paused, ...(timeout === undefined ? {} : { timeout }) };
}

/** What was given for the configuration. */
interface ConfigOptions {
  readonly config: string | undefined;
  readonly defconfig: string | undefined;
  readonly path: string;
}

/**
 * Reads the configuration that the words and options of `xm create` mean.
 *
 * @throws XmError when there is none, when there are several, or when it cannot be read
 */
export async function readGiven(
  words: readonly string[],
  { config, defconfig, path }: ConfigOptions,
): Promise<ConfigText> {
  const { files, variables } = splitWords(words);
  const given = [...files, ...[config, defconfig].filter((file) => file !== undefined)];
  if (given.length > 1 || (given.length === 0 && variables.length === 0)) {
    throw usageError('Expected one configuration file.');
  }
  const text = await readConfig(given[0] ?? DEFAULT_FILE, path);
  const format = config === undefined ? {} : { format: 'sxp' as const };
  return { ...text, ...format, ...(variables.length === 0 ? {} : { variables }) };
}

/** The configuration of a pool that the words of `xm cpupool-create` mean: a file, variables, or both. */
export async function readPool(words: readonly string[]): Promise<Pick<ConfigText, 'text' | 'file' | 'variables'>> {
  const { files, variables } = splitWords(words);
  if (files.length > 1 || words.length === 0) throw usageError('Expected one configuration file, or name=NAME.');
  const { text, file } =
    files[0] === undefined ? { text: '', file: '<command line>' } : await readConfig(files[0], CONFIG_PATH);
  return { text, file, variables };
}

/** What those who only look are shown. */
interface Looked {
  readonly text: string;
  readonly value: unknown;
}

/**
 * Looks at a configuration, if that is all that is wanted.
 *
 * @returns what is shown of it, or undefined if it is to be created
 */
export async function look(
  client: XendClient,
  config: ConfigText,
  {
    help_config,
    dryrun,
    copies,
  }: { readonly help_config: boolean; readonly dryrun: boolean; readonly copies?: number | undefined },
): Promise<Looked | undefined> {
  if (help_config) {
    const { parameters } = await client.call('config.parameters', { text: config.text, file: config.file });
    return { text: parametersText(parameters), value: parameters };
  }
  if (!dryrun) return undefined;
  const checked = await checkText(client, copies === undefined ? config : { ...config, number: 1 });
  return { text: checked.sxp ?? '', value: checked };
}

/** What a configuration asks for, a line each: its name, and what it is for. */
function parametersText(parameters: readonly { readonly name: string; readonly use?: string }[]): string {
  if (parameters.length === 0) return 'The configuration asks for no variables.\n';
  return parameters.map(({ name, use = '' }) => `${`${name.padEnd(20)} ${printable(use)}`.trimEnd()}\n`).join('');
}
