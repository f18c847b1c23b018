// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { parsePath } from '../../../src/xenstore/paths.ts';
import { newStore, outcome, seed } from './harness.ts';

const parse = (given: string, domid = 1) => parsePath(given, domid, 2048);

describe('paths', () => {
  test.each([
    ['/', '/', []],
    ['/a/b', '/a/b', ['a', 'b']],
    ['a/b', '/local/domain/1/a/b', ['local', 'domain', '1', 'a', 'b']],
    ['/A-z_0@9', '/A-z_0@9', ['A-z_0@9']],
    ['@releaseDomain', '@releaseDomain', ['@releaseDomain']],
    ['@releaseDomain/3', '@releaseDomain/3', ['@releaseDomain', '3']],
  ])('%s is %s', (given, text, parts) => {
    expect(parse(given)).toMatchObject({ text, parts });
  });

  test.each(['', '//', '/a//b', '/a/', 'a/', '/a.b', '/a:b', '/a b', '/a\0b', '/ä', '/local/domain/'])(
    '%j is EINVAL',
    (given) => {
      expect(outcome(() => parse(given))).toBe('EINVAL');
    },
  );

  test('the length limit does not count a home prefix, and may be reached', () => {
    const long = 'x'.repeat(2048);
    expect(outcome(() => parse(long))).toBe('OK');
    expect(outcome(() => parse(`/local/domain/12/${long}`))).toBe('OK');
    expect(outcome(() => parse(`${long}x`))).toBe('EINVAL');
    expect(outcome(() => parse(`/${long}`))).toBe('EINVAL');
  });

  test('domain 0 is held to the protocol limit of 3072 bytes only', () => {
    expect(outcome(() => parse(`/${'x'.repeat(3071)}`, 0))).toBe('OK');
    expect(outcome(() => parse(`/${'x'.repeat(3072)}`, 0))).toBe('EINVAL');
  });

  test('a relative path is below the home of the caller', () => {
    const { dom0, dom1 } = newStore();
    seed(dom0, '/local/domain/1', '', 'n1');
    dom1.write('name', 'web');
    expect(dom0.read('/local/domain/1/name')).toBe('web');
    dom0.write('name', 'Domain-0');
    expect(dom0.read('/local/domain/0/name')).toBe('Domain-0');
  });

  test('what was asked for lately is of its domain, and no longer than now may be', () => {
    for (let round = 0; round < 2; round++) {
      expect(parse('lately', 1).text).toBe('/local/domain/1/lately');
      expect(parse('lately', 2).text).toBe('/local/domain/2/lately');
      expect(outcome(() => parsePath('lately', 1, 5))).toBe('EINVAL');
      expect(outcome(() => parsePath('/local/domain/1/lately', 2, 5))).toBe('EINVAL');
    }
    for (let more = 0; more < 3000; more++) expect(parse(`n${more}`).text).toBe(`/local/domain/1/n${more}`);
    expect(parse('lately', 2).text).toBe('/local/domain/2/lately');
  });

  test('special paths are no nodes', () => {
    const { dom0 } = newStore();
    expect(outcome(() => dom0.read('@releaseDomain'))).toBe('EINVAL');
    expect(outcome(() => dom0.write('@releaseDomain', ''))).toBe('EINVAL');
    expect(outcome(() => dom0.rm('@releaseDomain'))).toBe('EINVAL');
  });
});
