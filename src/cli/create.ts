// SPDX-License-Identifier: Apache-2.0
import { boolean, string } from '@oclif/core/flags';
import type { ConfigText } from '../xend/contract.ts';
import { words } from './args.ts';
import { usageError } from './failure.ts';
import { choice, seconds, withDefault } from './flags.ts';
import { CONFIG_PATH, readConfig, splitWords } from './input.ts';

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
