// SPDX-License-Identifier: Apache-2.0
import type { Sxp } from './contract.ts';

/** What needs no quotes (the atom test of spec/xend.md 1.6). */
const BARE = /^(?:@|[A-Za-z0-9.\-_:/~]+)$/;

/** Characters of a text that a message repeats. */
const CITED = 60;

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\\': '\\\\' };

/**
 * A value on one line, as old tools print it (spec/xend.md 1.6): texts that need quotes get them, the empty text is `''`.
 * `parse` reads back the same value.
 */
export function show(value: Sxp): string {
  if (typeof value === 'string') return BARE.test(value) ? value : quote(value);
  if (typeof value === 'number') return showNumber(value);
  return `(${value.map(show).join(' ')})`;
}

/**
 * A text in quotes: single ones, unless it holds these and no double ones. Codes 0x00-0x1f and 0x7f-0xff become escapes,
 * anything above stays as it is.
 */
export function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\x00-\x1f\x7f-\xff\\']/g, (character) => {
    if (character === "'") return mark === "'" ? "\\'" : "'";
    return ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `${mark}${body}${mark}`;
}

/** A text from a user in quotes for a message: escaped, and cut if it is long. */
export function cite(text: string): string {
  return quote(text.length > CITED ? `${text.slice(0, CITED)}...` : text);
}

/** Numbers as the old tools' language prints them: `5`, `2.5`, `1e-07`, `1e+20`. */
function showNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 16) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
