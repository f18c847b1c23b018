// SPDX-License-Identifier: Apache-2.0

/** `xm info`: a line a field in the given order; an empty value is said to be empty. */
export const infoLines = (fields: Fields): string => fieldLines(fields, 23);

/** `xm info -c`: the same of settings, whose names are longer. */
export const configLines = (fields: Fields): string => fieldLines(fields, 38);

type Fields = Readonly<Record<string, string | number>>;

function fieldLines(fields: Fields, width: number): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name.padEnd(width)}: ${value === '' ? '(none)' : value}\n`)
    .join('');
}
