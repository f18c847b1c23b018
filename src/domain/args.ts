// SPDX-License-Identifier: Apache-2.0

/** Named arguments of a kernel; what was not given is undefined. */
export type NamedArgs = Readonly<Record<string, string | undefined>>;

/**
 * The named words of a kernel's command line, as Linux has them: `address=pair verbose` gives `address` the value `pair` and
 * `verbose` the empty text. Of a word given twice the last one counts.
 *
 * @param text of `(args ...)`; words end at blanks, there is no quoting
 */
export function namedArgs(text: string): NamedArgs {
  const named: Record<string, string | undefined> = Object.create(null);
  for (const word of text.split(/\s+/)) {
    const [name = '', ...value] = word.split('=');
    if (name !== '') named[name] = value.join('=');
  }
  return named;
}
