// SPDX-License-Identifier: Apache-2.0

/**
 * Letters to insert, delete, replace or swap with their neighbour to make one word of the other.
 *
 * One row of the classic table at a time; a swap needs the row before the previous one as well.
 */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/**
 * The word that was probably meant.
 *
 * @param typed what the user wrote.
 * @param known all words that would have been right.
 * @returns the nearest known word, or undefined when none is near: more than a third of the letters wrong is a guess.
 */
export function didYouMean(typed: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(typed.length / 3));
  let best: string | undefined;
  let least = limit + 1;
  for (const word of known) {
    const away = distance(typed, word);
    if (away < least) [best, least] = [word, away];
  }
  return best ?? known.find((word) => typed.length >= 3 && word.startsWith(typed));
}
