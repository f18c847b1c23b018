// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { keyTable, press } from '../../../src/tui/keys.ts';
import { initialView, type View } from '../../../src/tui/view.ts';

const order = [0, 1, 5];
const start = initialView(3);
const type = (keys: readonly string[], view: View = start) => keys.reduce((next, key) => press(next, key, order), view);

describe('selection', () => {
  test('moves in the order shown and stops at both ends', () => {
    expect(type(['down']).selected).toBe(1);
    expect(type(['j', 'J', 'j', 'j']).selected).toBe(5);
    expect(type(['j', 'j', 'k']).selected).toBe(1);
    expect(type(['up']).selected).toBe(0);
  });

  test('without domains nothing is selected', () => {
    expect(press(start, 'j', [])).toEqual(start);
  });

  test('when the selected domain is gone, it starts from the top', () => {
    expect(press({ ...start, selected: 9 }, 'j', order).selected).toBe(0);
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

  test('keys are letters of the answer while it is asked for', () => {
    expect(type(['d', 'q', 'p'])).toEqual({ ...start, entry: '' });
  });

  test('is never shorter than a tenth of a second', () => {
    expect(type(['d', '.', '0', '1', 'return']).delay).toBe(0.1);
    expect(initialView(0).delay).toBe(0.1);
  });
});

describe('the rest', () => {
  test('pause, help and quit, in any case', () => {
    expect(type(['p']).paused).toBe(true);
    expect(type(['p', 'P']).paused).toBe(false);
    expect(type(['?']).help).toBe(true);
    expect(type(['?', 'escape'])).toEqual(start);
    expect(type(['Q']).done).toBe(true);
    expect(type(['escape']).done).toBe(true);
  });

  test('S goes through all columns and back to the number', () => {
    expect(type(['s']).sort).toBe('name');
    expect(type(Array<string>(19).fill('s')).sort).toBeUndefined();
  });

  test('an unknown key does nothing, and no key has two meanings', () => {
    expect(type(['x', '\t'])).toEqual(start);
    const names = keyTable.flatMap((binding) => binding.names);
    expect(new Set(names).size).toBe(names.length);
  });
});
