// SPDX-License-Identifier: Apache-2.0

const NAMED: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };
const UNNAMED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };

/** A value's bytes as printable text, as `xenstore-*` show them: `\t \n \r \\`, below 8 in octal, other bytes in hexadecimal. */
export function escapeValue(value: Uint8Array): string {
  return Buffer.from(value)
    .toString('latin1')
    .replace(/[^ -[\]-~]/g, (char) => NAMED[char] ?? numbered(char.charCodeAt(0)));
}

const numbered = (code: number): string =>
  code < 8 ? `\\${code.toString(8).padStart(3, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`;

/** The bytes that such a text, typed in UTF-8, stands for. A backslash before anything else means that itself; at the end, a NUL. */
export function unescapeValue(text: string): Uint8Array {
  const plain = Buffer.from(text)
    .toString('latin1')
    .replace(/\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.?))/gs, (_all, hex?: string, octal?: string, char = '') => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      return UNNAMED[char] ?? (char || '\0');
    });
  return Buffer.from(plain, 'latin1');
}
