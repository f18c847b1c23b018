// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cutLine } from '../line.ts';
import type { Proposals } from './contract.ts';
import { askXend } from './live.ts';
import { type CompletedCommand, propose } from './proposals.ts';

/** The line that asks a shell for names of files as well; what they stand behind in the word follows, but for bash. */
const FILES = ':files';

/** What parts words for bash, which completes only what comes after. */
const BREAKS = /^.*[:=]/;

/** From a shell's arguments to the words before the cursor's, and that one. */
function place(shell: string, given: readonly string[]): { readonly words: readonly string[]; readonly last: string } {
  if (shell !== 'bash') return { words: given.slice(0, -1), last: given.at(-1) ?? '' };
  // Everything up to the cursor, with the command itself.
  const { words, last } = cutLine(given[0] ?? '');
  return { words: words.slice(1), last };
}

/** Lines for a shell's script: a word, and for those that show it what it means. */
function answer(shell: string, { words, filesAfter }: Proposals, last: string): string {
  const cut = shell === 'bash' ? (BREAKS.exec(last)?.[0].length ?? 0) : 0;
  const line = (word: string, help: string) => (shell === 'bash' ? word.slice(cut) : `${word}\t${help}`);
  const files = filesAfter === undefined ? [] : [shell === 'bash' ? FILES : `${FILES} ${filesAfter}`];
  return [...words.map(({ word, help }) => line(word, help)), ...files].map((text) => `${text}\n`).join('');
}

/** The manifest lies above the compiled modules. */
function readCommands(): readonly CompletedCommand[] {
  for (let directory = import.meta.dirname; directory !== '/'; directory = dirname(directory)) {
    const manifest = join(directory, 'oclif.manifest.json');
    if (existsSync(manifest)) return Object.values(JSON.parse(readFileSync(manifest, 'utf8')).commands);
  }
  return [];
}

/**
 * Answers one TAB, for the scripts that `xm completion` prints. It loads nothing of the command line itself: a person waits. There
 * is never an error; without xend there are only fewer words.
 *
 * @param args the shell; then for bash the line up to the cursor, for others the words of it after the command
 */
export async function complete([shell = '', ...given]: readonly string[]): Promise<void> {
  const { words, last } = place(shell, given);
  const found = await propose(words, last, readCommands(), askXend());
  process.stdout.write(answer(shell, found, last));
  // A xend that does not answer is not waited for.
  process.exit(0);
}
