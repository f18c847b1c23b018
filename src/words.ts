// SPDX-License-Identifier: Apache-2.0

/**
 * The candidate that a mistyped word most likely means, or undefined if none is near: at most one slip (a wrong, missing,
 * additional or swapped letter) for each three letters, or else the only candidate that starts with the word.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const continued: string[] = [];
  let best: string | undefined;
  let fewest = allowed + 1;
  for (const candidate of candidates) {
    const lower = candidate.toLowerCase();
    if (wanted.length > 1 && lower.startsWith(wanted)) continued.push(candidate);
    if (Math.abs(lower.length - wanted.length) >= fewest) continue;
    const slips = distance(wanted, lower);
    // Replacing all letters of a short word is no slip.
    if (slips < fewest && slips < lower.length) {
      fewest = slips;
      best = candidate;
    }
  }
  return best ?? (continued.length === 1 ? continued[0] : undefined);
}

/** Whether a word may be an address of the IDC API; it is the name of a node in xenstore. */
export function isAddress(word: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(word);
}

/** Whether a word may name a domain (spec/xend.md 2.1), or be its id. */
export function isDomainWord(word: string): boolean {
  return /^[A-Za-z0-9_\-.:/+]+$/.test(word);
}

/** Whether a word is a hardware address, in small or capital letters. */
export function isMac(word: string): boolean {
  return /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(word);
}

/** `did you mean 'memory'?`, or undefined if no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates);
  return found === undefined ? undefined : `did you mean '${found}'?`;
}

/** What stands above the errors that were found in a file. */
export function errorHeading(file: string, errors: number): string {
  return `${file} has ${errors === 1 ? 'an error' : `${errors} errors`}:`;
}

/** Control characters, and what turns the direction of text or ends its line. */
const DRIVING = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const DRIVING_MORE_THAN_LINES = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text that no terminal takes for commands: such characters but tabs and newlines are written out. */
export function printable(text: string): string {
  return text.replace(DRIVING_MORE_THAN_LINES, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/** The same for one line: tabs and newlines are written out too. */
export function printableLine(text: string): string {
  // Nearly no text has any, and screens are full of texts.
  return DRIVING.test(text) ? printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t') : text;
}

/** Slips between two words: single letters changed, inserted or removed, and neighbours swapped. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let slips = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) slips = Math.min(slips, before[j - 2]! + 1);
      row.push(slips);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}
