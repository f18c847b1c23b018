// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { describeClass } from '../../../src/devices/define.ts';

/** A class with these fields, and what else is said. */
const described = (fields: unknown, more: object = {}) =>
  describeClass({ name: 'odd', doc: 'An odd device.', front() {}, back() {}, fields, ...more });
const withField = (field: unknown) => described({ a: field });

test('what is said is what xend gets, and nothing beside it', () => {
  const fields = {
    text: { type: 'string', doc: 'A text.', default: '' },
    count: { type: 'integer', doc: 'A number.', required: true, unique: true },
    on: { type: 'boolean', doc: 'A switch.', default: false },
    way: { type: 'choice', doc: 'A way.', choices: ['up', 'down'], default: 'up' },
    mac: { type: 'mac', doc: 'An address.', default: '00:16:3e:00:00:01' },
    peer: { type: 'domain', doc: 'A domain.', default: '0' },
    file: { type: 'path', doc: 'A file.', default: '/tmp/odd' },
  };
  const plain = { required: false, unique: false };
  const expected = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, { ...plain, ...field }]));
  expect(described(fields, { named: 'text', counters: ['n'] })).toEqual({
    ...{ name: 'odd', doc: 'An odd device.', named: 'text', counters: ['n'] },
    fields: expected,
  });
});

describe('a default is one that could be given', () => {
  test.each<[string, unknown, string]>([
    ['string', 5, 'a text in one line'],
    ['string', 'two\nlines', 'a text in one line'],
    ['string', { a: 1 }, 'a text in one line'],
    ['string', null, 'a text in one line'],
    ['integer', 'many', 'a whole number'],
    ['integer', 1.5, 'a whole number'],
    ['integer', Number.NaN, 'a whole number'],
    ['boolean', 'no', 'true or false'],
    ['choice', 'zzz', 'one of its choices'],
    ['mac', '00:16:3E:00:00:01', 'an address like 00:16:3e:00:00:01'],
    ['mac', 'many', 'an address like 00:16:3e:00:00:01'],
    ['domain', 'a b', 'the name or id of a domain'],
    ['domain', '', 'the name or id of a domain'],
    ['path', 'trace.log', 'an absolute path'],
    ['path', () => '/tmp', 'an absolute path'],
  ])('%s: %j', (type, value, what) => {
    const choices = type === 'choice' ? { choices: ['up'] } : {};
    expect(() => withField({ type, doc: 'x', default: value, ...choices })).toThrow(
      `its field "a" has a default that is not ${what}`,
    );
  });
});

test.each<[string, unknown, string]>([
  ['no object', 'integer', 'is no object'],
  ['inherited type', { type: 'constructor', doc: 'x' }, 'is of no type: string, integer'],
  ['required', { type: 'string', doc: 'x', required: 'no' }, 'has required, which is neither true nor false'],
  ['unique', { type: 'string', doc: 'x', unique: 1 }, 'has unique, which is neither true nor false'],
  ['no choices', { type: 'choice', doc: 'x' }, 'has no choices'],
  ['none to choose from', { type: 'choice', doc: 'x', choices: [] }, 'has no choices'],
  ['choices of no words', { type: 'choice', doc: 'x', choices: ['a', 1] }, 'has choices that are no words'],
  ['too many', { type: 'choice', doc: 'x', choices: Array(65).fill('a') }, 'has 65 choices, and may have 64'],
  ['choices of no choice', { type: 'string', doc: 'x', choices: ['a'] }, 'has choices and is no choice'],
  ['an endless doc', { type: 'string', doc: 'x'.repeat(501) }, 'has no doc, a sentence for users in one line'],
])('a field is refused with its name: %s', (_what, field, expected) => {
  expect(() => withField(field)).toThrow(`its field "a" ${expected}`);
});

test('more fields than anybody can keep in mind are refused', () => {
  const fields = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`f${i}`, { type: 'string', doc: 'x' }]));
  expect(() => described(fields)).toThrow('it has 100000 fields, and may have 64');
});
