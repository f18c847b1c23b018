// SPDX-License-Identifier: Apache-2.0
import { messageOf, XmError } from '../../../../errors.ts';
import type { XenstoreClient } from '../../../../xenstore/port.ts';
import { type Command, expectArguments, usageError } from '../command.ts';
import { printable } from '../text.ts';
import { untilAborted } from '../waits.ts';

interface Action {
  readonly arguments: number;
  /** @returns what to print, line by line */
  run(store: XenstoreClient, path: string, value: string): Promise<readonly string[]>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  read: { arguments: 2, run: async (store, path) => [await store.read(path)] },
  ls: { arguments: 2, run: (store, path) => store.ls(path) },
  write: { arguments: 3, run: async (store, path, value) => store.write(path, value).then(() => []) },
  rm: { arguments: 2, run: async (store, path) => store.rm(path).then(() => []) },
};

/** The errors that people meet; the others keep their names. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EINVAL: 'invalid path',
  EIO: 'the connection to xenstore is gone',
  ENOENT: 'no such node',
  ENOSPC: 'quota exceeded',
};

const store: Command = {
  name: 'store',
  usage: `store ${Object.keys(ACTIONS).join('|')} PATH [VALUE]`,
  help: 'Read and write xenstore; a path without / at its beginning is below the domain itself.',
  async run(context, args) {
    const word = args[0] ?? '';
    const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word]! : undefined;
    if (action === undefined) throw usageError(word === '' ? 'There is nothing to do.' : `'${word}' is nothing to do.`);
    expectArguments(args, action.arguments);
    const [, path, value = ''] = args;
    const work = action.run(context.domain.xenstore, path!, value).catch((error: unknown) => {
      throw new XmError('ESTORE', `${path}: ${meaningOf(error)}`, { cause: error });
    });
    const lines = await untilAborted(work, context.signal);
    for (const line of lines) context.print(printable(line));
  },
};

/** Commands about xenstore. */
export const storeCommands: readonly Command[] = [store];

function meaningOf(error: unknown): string {
  const { errno = '' } = error as { errno?: string };
  return MEANINGS[errno] ?? messageOf(error);
}
