// SPDX-License-Identifier: Apache-2.0
import { createClient } from '../xend/client.ts';
import { runPaths } from '../xend/paths.ts';
import { classTable } from './format/classes.ts';
import { absolutePath } from './path.ts';

/** How long xend may take, milliseconds: the modules of a class are loaded. */
const LIMIT = 6000;

/**
 * The keys of the class that a command line of `device-attach` names, for its help. Starts no xend.
 *
 * @param words behind `device-attach`
 * @returns empty when no class is named, when xend does not run, or does not know it
 */
export async function classHelp(words: readonly string[]): Promise<string> {
  const given = words.filter((word) => word !== '--help');
  const at = given.indexOf('--class');
  const file = at < 0 ? given.find((word) => word.startsWith('--class='))?.slice('--class='.length) : given[at + 1];
  const [, name] = given.filter((word, index) => !word.startsWith('-') && (at < 0 || index !== at + 1));
  if (file === undefined && name === undefined) return '';
  try {
    const asked = file === undefined ? { class: name! } : { path: absolutePath(file) };
    const client = createClient({ socket: runPaths().socket, signal: AbortSignal.timeout(LIMIT) });
    const classes = await client.call('device.classes', asked);
    return `\nKEYS\n${classTable(classes)}`;
  } catch {
    return '';
  }
}
