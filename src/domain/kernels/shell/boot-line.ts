// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../../errors.ts';
import { parseLine, type Word } from './syntax.ts';

/**
 * The commands that an image's `args` ask for: `(args "-c 'wait xvda; sum xvda; exit'")`. Other words are the image's own
 * affair and mean nothing here.
 *
 * @returns the word after `-c`, its variables left for the commands to come; empty if there is no `-c`
 * @throws XmError `ESYNTAX` when there is a `-c` but no word to take after it
 */
export function bootLine(args: string): string {
  if (!/(?:^|\s)-c(?:\s|$)/.test(args)) return '';
  const words = parseLine(args).flat().map(unexpanded);
  const at = words.indexOf('-c');
  if (at < 0) return '';
  const line = words[at + 1];
  if (line === undefined) throw new XmError('ESYNTAX', 'There are no commands after -c.');
  return line;
}

function unexpanded(word: Word): string {
  return word.map((piece) => ('text' in piece ? piece.text : `\${${piece.variable}}`)).join('');
}
