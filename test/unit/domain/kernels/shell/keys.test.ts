// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { createKeyDecoder, type Key } from '../../../../../src/domain/kernels/shell/keys.ts';

const words = (keys: readonly Key[]) => keys.map((key) => ('text' in key ? `"${key.text}"` : key.name)).join(' ');

/** Decodes pieces one after the other, as one text would be. */
function decoded(...pieces: (string | readonly number[])[]): string {
  const decode = createKeyDecoder();
  const bytes = pieces.map((piece) =>
    typeof piece === 'string' ? new TextEncoder().encode(piece) : Uint8Array.from(piece),
  );
  return bytes
    .map((piece) => words(decode(piece)))
    .filter((text) => text !== '')
    .join(' ');
}

describe('bytes become keys', () => {
  test.each<[bytes: string, keys: string]>([
    ['abc', '"abc"'],
    ['ls\r', '"ls" enter'],
    ['a\nb\r\nc\r', '"a" enter "b" enter "c" enter'],
    ['\r\r\n\n', 'enter enter enter'],
    ['\x01\x05\x02\x06\x0e\x10', 'home end left right down up'],
    ['\x03\x04\x0b\x0c\x15\x17\t', 'interrupt delete killEnd redraw killLine killWord complete'],
    ['\x7f\b', 'backspace backspace'],
    ['\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F', 'up down right left home end'],
    ['\x1bOA\x1bOB\x1bOC\x1bOD\x1bOH\x1bOF', 'up down right left home end'],
    ['\x1b[1~\x1b[3~\x1b[4~\x1b[7~\x1b[8~', 'home delete end home end'],
    ['a\x1b[200~b\x1b[1;5Cc', '"a" "b" "c"'],
    ['\x1bxa', '"a"'],
    ['a\x00\x07\x1fb', '"a" "b"'],
    ['\x1b[12\x03', 'interrupt'],
    ['\x1b\x03', 'interrupt'],
    [`\x1b[${'1'.repeat(40)}`, ''],
  ])('%j', (bytes, keys) => {
    expect(decoded(bytes)).toBe(keys);
  });

  test.each<[name: string, pieces: (string | readonly number[])[], keys: string]>([
    ['a character of three bytes', ['a', [0xe4], [0xbd], [0xa0], 'b'], '"a" "你" "b"'],
    [
      'a character of four bytes',
      [
        [0xf0, 0x9f],
        [0x98, 0x80],
      ],
      '"😀"',
    ],
    ['an arrow', ['\x1b', '[', 'D'], 'left'],
    ['a sequence with a number', ['\x1b[', '3', '~x'], 'delete "x"'],
    ['a carriage return and its newline', ['a\r', '\nb'], '"a" enter "b"'],
    ['two newlines', ['a\n', '\nb'], '"a" enter enter "b"'],
    ['a sequence that the next piece breaks', ['\x1b[', '\x03'], 'interrupt'],
  ])('cut by the end of a piece: %s', (_name, pieces, keys) => {
    expect(decoded(...pieces)).toBe(keys);
  });

  test('malformed bytes become replacement characters, and what follows is read', () => {
    expect(decoded([0x61, 0xff, 0x62, 0x0d])).toBe('"a\uFFFDb" enter');
  });
});
