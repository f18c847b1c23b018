// SPDX-License-Identifier: Apache-2.0
import type { Report } from './report.ts';

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|([\s\S]))/gu;

/**
 * Decodes the escapes of a string (spec/xend.md 1.3; hex digits correctly, an unknown escape is an error and stands for
 * its own character).
 *
 * @param raw what stands between the quotes; a backslash in it is always followed by a character
 * @param offset where `raw` starts in the text, for the spans of errors
 */
export function decodeEscapes(raw: string, offset: number, report: Report): string {
  if (!raw.includes('\\')) return raw;
  return raw.replace(ESCAPE, (sequence: string, octal?: string, hex?: string, other?: string, at = 0) => {
    const span = { start: offset + at, end: offset + at + sequence.length };
    if (octal !== undefined) {
      const code = Number.parseInt(octal, 8);
      if (code > 0xff) report('sxp-bad-escape', `invalid octal escape: out of range ${octal}`, span);
      return String.fromCharCode(code & 0xff);
    }
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    const character = other ?? '';
    const simple = SIMPLE[character];
    if (simple !== undefined) return simple;
    if (character === 'x') {
      report('sxp-bad-escape', 'invalid hex escape: \\x needs two hex digits', span);
    } else {
      const name = /[!-~]/.test(character) ? sequence : `backslash and code ${character.codePointAt(0)}`;
      report('sxp-bad-escape', `unknown escape: ${name}`, span, 'write \\\\ for a backslash');
    }
    return character;
  });
}
