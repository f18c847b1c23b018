// SPDX-License-Identifier: Apache-2.0

/** Makes text that may hold anything safe to print: control characters but newline and tab, and malformed bytes, become dots. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|\uFFFD/gu, '.');
}

/**
 * Lines of a dump: offset, sixteen bytes in hex, the same as text.
 *
 * @param offset of the first byte, as printed
 */
export function hexLines(bytes: Uint8Array, offset: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0'));
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    const left = hex.slice(0, 8).join(' ');
    const right = hex.slice(8).join(' ');
    lines.push(`${(offset + at).toString(16).padStart(8, '0')}  ${left.padEnd(23)}  ${right.padEnd(23)}  |${text}|`);
  }
  return lines;
}

/** Rows under each other, each column as wide as its widest cell; `right` names the columns with numbers. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const cell = (text: string, column: number) =>
    right.includes(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
