// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { keyTable, press, type Shown } from '../../../src/tui/keys.ts';
import { choiceOf, initialView, type View } from '../../../src/tui/view.ts';

const shown: Shown = {
  ids: ['a', 'b', 'c'],
  columns: [
    { key: 'name', title: 'NAME', width: 10 },
    { key: 'size', title: 'SIZE', width: 10 },
  ],
  height: 10,
  tail: false,
  scrollMax: 5,
};
const start = initialView(3);
const type = (keys: readonly string[], view: View = start, on = shown) =>
  keys.reduce((next, key) => press(next, key, on), view);
const selected = (keys: readonly string[], on = shown) => choiceOf(type(keys, start, on)).selected;

describe('selection', () => {
  test('moves in the order shown and stops at both ends', () => {
    expect(selected(['down'])).toBe('b');
    expect(selected(['j', 'J', 'j', 'j'])).toBe('c');
    expect(selected(['j', 'j', 'k'])).toBe('b');
    expect(selected(['up'])).toBe('a');
    expect(selected(['end', 'home'])).toBe('a');
    expect(selected(['pageDown'])).toBe('c');
  });

  test('without rows nothing is selected', () => {
    expect(type(['j', 'return'], start, { ...shown, ids: [] })).toEqual(start);
  });

  test('when the selected row is gone, it starts from the top', () => {
    expect(choiceOf(type(['row:z', 'up'])).selected).toBe('a');
  });

  test('a page that follows its end does so again when its last row is reached', () => {
    const on = { ...shown, tail: true };
    expect(selected(['up'], on)).toBe('b');
    expect(selected(['up', 'down'], on)).toBeUndefined();
  });

  test('each page has its own', () => {
    const view = type(['j', '2', 'end', '1']);
    expect([choiceOf(view).selected, choiceOf({ ...view, page: 'rings' }).selected]).toEqual(['b', 'c']);
  });
});

test("L shows the log of a row's domain, also of an opened row, and goes nowhere from a row that has none", () => {
  const about = { ...shown, domain: 'web' };
  for (const keys of [['l'], ['return', 'L']]) {
    const view = type(keys, start, about);
    expect([view.page, view.over, choiceOf(view).filter]).toEqual(['log', undefined, 'web']);
  }
  expect(type(['l'])).toEqual(start);
});

describe('what lies over the table', () => {
  test('a row opens and closes; keys that move scroll it, as far as there is something', () => {
    const open = type(['j', 'return']);
    expect(open.over).toEqual({ kind: 'row', id: 'b', scroll: 0 });
    expect(type(['j', 'pageDown'], open).over).toMatchObject({ scroll: 5 });
    expect(type(['j', 'k', 'k'], open).over).toMatchObject({ scroll: 0 });
    expect(type(['escape'], open).over).toBeUndefined();
    expect(type(['2'], open)).toMatchObject({ page: 'rings', over: undefined });
  });

  test('a click selects, and the next one opens', () => {
    expect(type(['row:b']).over).toBeUndefined();
    expect(type(['row:b', 'row:b']).over).toMatchObject({ kind: 'row', id: 'b' });
  });

  test('columns are hidden and shown again', () => {
    expect(choiceOf(type(['c', 'down', ' ', 'return'])).hidden).toEqual(['size']);
    expect(choiceOf(type(['c', ' ', 'down', ' ', 'up', ' ', 'escape'])).hidden).toEqual(['size']);
    expect(type(['c', 'up', 'q']).done).toBe(false);
  });

  test('help', () => {
    expect(type(['?']).over).toMatchObject({ kind: 'help' });
    expect(type(['?', 'escape'])).toEqual(start);
  });
});

describe('delay', () => {
  test('is asked for, typed, corrected and taken', () => {
    expect(type(['d', '1', '.', '7', 'backspace', '5', 'return'])).toEqual({ ...start, delay: 1.5 });
  });

  test.each([[['d', 'return']], [['d', '0', 'return']], [['d', '.', 'return']], [['d', '9', 'escape']]])(
    '%j leaves it as it was',
    (keys) => {
      expect(type(keys)).toEqual(start);
    },
  );

  test('is never shorter than a tenth of a second', () => {
    expect(type(['d', '.', '0', '1', 'return']).delay).toBe(0.1);
    expect(initialView(0).delay).toBe(0.1);
  });
});

describe('filter and order', () => {
  test('a filter holds while it is typed; keys are its letters', () => {
    expect(choiceOf(type(['/', 'q', '1'])).filter).toBe('q1');
    expect(choiceOf(type(['/', 'a', 'return', '/', 'b', 'backspace', 'return'])).filter).toBe('a');
    expect(choiceOf(type(['/', 'a', 'escape'])).filter).toBe('');
  });

  test('S goes through all columns and back to none; < goes back; R turns it round', () => {
    const sort = (keys: readonly string[]) => choiceOf(type(keys)).sort;
    expect(['s', 'ss', 'sss', '<', '><'].map((keys) => sort([...keys]))).toEqual([
      'name',
      'size',
      undefined,
      'size',
      undefined,
    ]);
    expect(choiceOf(type(['r'])).reverse).toBe(true);
    expect(choiceOf(type(['sort:size', 'sort:size']))).toMatchObject({ sort: 'size', reverse: true });
    expect(choiceOf(type(['sort:size', 'sort:size', 'sort:name']))).toMatchObject({ sort: 'name', reverse: false });
  });
});

describe('the rest', () => {
  test('pause and quit, in any case; escape first drops what was chosen', () => {
    expect(type(['p']).paused).toBe(true);
    expect(type(['p', 'P']).paused).toBe(false);
    expect(type(['Q']).done).toBe(true);
    expect(type(['escape']).done).toBe(true);
    expect(type(['j', 'escape'])).toMatchObject({ done: false });
    expect(type(['j', 'escape', 'escape']).done).toBe(true);
  });

  test('an unknown key does nothing, and no key has two meanings', () => {
    expect(type(['x', '\t'])).toEqual(start);
    const names = keyTable.flatMap((binding) => binding.names);
    expect(new Set(names).size).toBe(names.length);
  });

  test('Tab goes through all pages', () => {
    expect(type(Array<string>(7).fill('tab')).page).toBe('domains');
    expect(type(['tab']).page).toBe('rings');
  });
});
