// SPDX-License-Identifier: Apache-2.0

/** `xm info`: a line a field in the given order; an empty value is said to be empty. */
export function infoLines(fields: Readonly<Record<string, string | number>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name.padEnd(23)}: ${value === '' ? '(none)' : value}\n`)
    .join('');
}
