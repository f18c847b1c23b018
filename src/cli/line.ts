// SPDX-License-Identifier: Apache-2.0

/** A line of commands as its words. */
export interface Line {
  readonly words: readonly string[];
  /** The word that the end of the line may belong to; empty after a blank. Not among `words`. */
  readonly last: string;
  /** The quotation mark that is still open at the end, if one is. */
  readonly open: string;
}

/** Cuts a line into words as a shell does: at blanks, but not within quotation marks or after a backslash. */
export function cutLine(text: string): Line {
  const words: string[] = [];
  let word: string | undefined;
  let open = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (open === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === open) open = '';
    else if (open === '' && (char === '"' || char === "'")) {
      open = char;
      word ??= '';
    } else if (char === '\\' && open !== "'" && at + 1 < text.length) {
      at += 1;
      word = (word ?? '') + text[at];
    } else word = (word ?? '') + char;
  }
  return { words, last: word ?? '', open };
}
