// SPDX-License-Identifier: Apache-2.0

const SIMPLE: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const LITERAL = /^([a-zA-Z]*)("""|'''|"|')([\s\S]*)\2$/;
const ESCAPE = /\\(?:\r?(\n)|([\\'"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/g;

/** The text that a literal stands for, prefix and quotes included in `image`; an unknown escape stays as it is. */
export function decodeText(image: string): string {
  const [, prefix = '', , body = ''] = LITERAL.exec(image) ?? [];
  if (/r/i.test(prefix)) return body;
  return body.replace(ESCAPE, (_all, newline, letter, octal, hex, unicode) => {
    const simple: string | undefined = newline ?? letter;
    if (simple !== undefined) return SIMPLE[simple]!;
    return String.fromCharCode(octal === undefined ? Number.parseInt(hex ?? unicode, 16) : Number.parseInt(octal, 8));
  });
}

/** The whole number that a literal stands for: decimal, hexadecimal or octal. */
export function readInteger(image: string): bigint {
  const digits = image.replace(/[lL]$/, '');
  return BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
}
