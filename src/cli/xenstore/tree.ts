// SPDX-License-Identifier: Apache-2.0
import type { XenstoreAccess } from '../../xenstore/client-contract.ts';
import { StoreError } from '../../xenstore/contract.ts';
import { reasonOf, refused } from './refusals.ts';
import { escapeValue } from './values.ts';

/** A node on a walk through the store. */
export interface Entry {
  /** How far below the children of the walk's start. */
  readonly depth: number;
  readonly name: string;
  readonly path: string;
  /** Absent when it cannot be read. */
  readonly value: Uint8Array | undefined;
  /** Absent when not asked for, or not to be had. */
  readonly perms: readonly string[] | undefined;
}

/** The same for `--json`; values as text in UTF-8. */
export interface EntryJson {
  readonly path: string;
  readonly value?: string;
  readonly perms?: readonly string[];
}

export const entryJson = ({ path, value, perms }: Entry): EntryJson => ({
  path,
  ...(value === undefined ? {} : { value: Buffer.from(value).toString() }),
  ...(perms === undefined ? {} : { perms }),
});

/** Children that are asked for at a time. */
const BATCH = 256;

const unlessRefused = <T>(operation: Promise<T>): Promise<T | undefined> =>
  operation.catch((error) => {
    if (error instanceof StoreError && error.errno !== 'EIO') return undefined;
    throw error;
  });

const childPath = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

/**
 * Everything below a node, oldest children first, each before what is below it. It is no transaction: what goes meanwhile is
 * left out.
 * @throws XmError when the first list is refused
 */
export async function* walkTree(store: XenstoreAccess, path: string, perms: boolean, depth = 0): AsyncGenerator<Entry> {
  const list = store.ls(path);
  const names =
    depth > 0
      ? ((await unlessRefused(list)) ?? [])
      : await refused(list, (errno) => `xs_directory (${path}): ${reasonOf(errno)}`);
  for (let at = 0; at < names.length; at += BATCH) {
    const entries = names.slice(at, at + BATCH).map(async (name): Promise<Entry> => {
      const child = childPath(path, name);
      const [value, list] = await Promise.all([
        unlessRefused(store.readBuffer(child)),
        perms ? unlessRefused(store.getPerms(child)) : undefined,
      ]);
      return { depth, name, path: child, value, perms: list };
    });
    for (const entry of await Promise.all(entries)) {
      yield entry;
      yield* walkTree(store, entry.path, perms, depth + 1);
    }
  }
}

/** How a walk is shown. */
export interface TreeStyle {
  /** Full paths instead of names under each other. */
  readonly full: boolean;
  /** Columns of the terminal; absent when it is none. */
  readonly columns: number | undefined;
}

/** Width without a terminal, of names under each other; full paths have all they need. */
const PLAIN_WIDTH = 80;
/** The last columns of a terminal stay free. */
const MARGIN = 2;
/** What is around a name and a value that is cut: ` = "..."` and one more. */
const AROUND = 8;
const PERMS_COLUMN = 60;

/** The first characters, as C's `%.*s` has it: all of them for a negative number. */
const clip = (text: string, length: number): string => (length < 0 ? text : text.slice(0, length));

/** A node as `xenstore-ls` shows it, byte for byte (spec/primitives.md 1.10). */
export function treeLine({ depth, name, path, value, perms }: Entry, { full, columns }: TreeStyle): string {
  const width = columns === undefined ? (full ? Number.POSITIVE_INFINITY : PLAIN_WIDTH) : columns - MARGIN;
  const label = full ? path : clip(name, width - AROUND - depth);
  const start = full ? label : ' '.repeat(depth) + label;
  if (value === undefined) return `${start}:\n`;
  const room = width - AROUND - (full ? 0 : depth + label.length);
  const cut = value.length > room;
  const text = escapeValue(value);
  const line = `${start} = "${cut ? `${clip(text, room)}\\...` : text}"`;
  if (perms === undefined) return `${line}\n`;
  return `${line}${cut ? '' : ` ${full ? '' : dots(line.length + 1, Math.min(PERMS_COLUMN, width))}`}  (${perms.join(',')})\n`;
}

/** A dot at every other column. */
function dots(from: number, end: number): string {
  let text = '';
  for (let at = from; at < end; at++) text += at % 2 === 1 ? '.' : ' ';
  return text;
}
