// SPDX-License-Identifier: Apache-2.0

/** A key that does something. */
export type KeyName =
  | 'enter'
  | 'interrupt'
  | 'backspace'
  | 'delete'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'up'
  | 'down'
  | 'killLine'
  | 'killEnd'
  | 'killWord'
  | 'complete'
  | 'redraw';

/** What was typed: characters to insert, as many as came together, or a key. */
export type Key = { readonly text: string } | { readonly name: KeyName };

/** Control characters; all others mean nothing. */
const CONTROLS: Readonly<Record<string, KeyName>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\x01': 'home',
  '\x02': 'left',
  '\x03': 'interrupt',
  '\x04': 'delete',
  '\x05': 'end',
  '\x06': 'right',
  '\b': 'backspace',
  '\t': 'complete',
  '\x0b': 'killEnd',
  '\x0c': 'redraw',
  '\x0e': 'down',
  '\x10': 'up',
  '\x15': 'killLine',
  '\x17': 'killWord',
  '\x7f': 'backspace',
};

/** What follows `ESC [` or `ESC O`, as the terminals in use send it. */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '3~': 'delete',
  '4~': 'end',
  '7~': 'home',
  '8~': 'end',
};

/** A whole key, or a beginning that needs more; a control character inside a sequence ends it and counts by itself. */
const TOKEN = /\r\n?|\x1b(?:\[[ -?]*[@-~]?|O[@-~]?|[^[O\p{Cc}])?|\p{Cc}|\P{Cc}+/guy;
const INCOMPLETE = /^\x1b(?:\[[ -?]*|O)?$/;
/** Longer than any sequence there is: what claims to be one is dropped. */
const LONGEST_SEQUENCE = 32;

/**
 * A decoder from a terminal's bytes to keys. A character or a sequence that is cut by the end of a piece goes on in the next
 * one. `\r`, `\n` and `\r\n` are one `enter` each.
 */
export function createKeyDecoder(): (bytes: Uint8Array) => Key[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  let afterReturn = false;

  return (bytes) => {
    let input = rest + decoder.decode(bytes, { stream: true });
    rest = '';
    if (input === '') return [];
    if (afterReturn && input.startsWith('\n')) input = input.slice(1);
    afterReturn = input.endsWith('\r');
    const keys: Key[] = [];
    for (const [token] of input.matchAll(TOKEN)) {
      if (INCOMPLETE.test(token) && input.endsWith(token) && token.length < LONGEST_SEQUENCE) rest = token;
      else keys.push(...keysOf(token));
    }
    return keys;
  };
}

function keysOf(token: string): Key[] {
  if (/^\P{Cc}/u.test(token)) return [{ text: token }];
  const name = token.startsWith('\x1b') ? SEQUENCES[token.slice(2)] : CONTROLS[token[0]!];
  return name === undefined ? [] : [{ name }];
}
