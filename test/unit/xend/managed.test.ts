// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read.ts';
import { builtinClasses } from '../../../src/devices/registry.ts';
import { openLog } from '../../../src/xend/log.ts';
import { type ManagedDomains, openManaged } from '../../../src/xend/managed.ts';
import { createDeviceClasses } from '../../../src/xend/own-classes.ts';
import { vmText } from '../../support/vm.ts';

const classes = createDeviceClasses(builtinClasses);
const uuidOf = (last: number) => `00000000-0000-4000-8000-00000000000${last}`;
let root: string;
let directory: string;

beforeEach(() => {
  root = mkdtempSync('/tmp/xt-managed-');
  directory = join(root, 'managed');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const open = (): ManagedDomains => openManaged(directory, openLog(join(root, 'xend.log')));

function configOf(name: string) {
  const disks = [{ file: '/srv/a b.img', dev: 'xvda', mode: 'w' }] as const;
  const { configs } = readConfig({ name, text: vmText({ name, disks }) }, { directory: '/', classes: builtinClasses });
  return configs![0]!;
}

test('what is kept is there again, and what is forgotten is not', async () => {
  const before = open();
  before.keep({ uuid: uuidOf(1), config: configOf('one') });
  before.keep({ uuid: uuidOf(2), config: configOf('two') });
  before.keep({ uuid: uuidOf(3), config: configOf('three') });
  before.keep({ uuid: uuidOf(2), config: configOf('zwei') });
  before.forget(uuidOf(3));
  const after = open();
  expect(await after.load(classes)).toEqual([]);
  expect(after.all()).toEqual([
    { uuid: uuidOf(1), config: configOf('one') },
    { uuid: uuidOf(2), config: configOf('zwei') },
  ]);
  expect(after.find('zwei')).toBe(after.find(uuidOf(2)));
  expect(after.find('two')).toBeUndefined();
});

describe('a broken file', () => {
  const vm = (name: string) => `(vm (name ${name}) (image (js (kernel shell))))`;
  const long = 'x'.repeat(100_000);

  test.each([
    { what: 'torn', text: '(vm (name web)\n', says: /:1:\d+: error: / },
    { what: 'empty', text: '', says: /: error: no \(vm \.\.\.\) form/ },
    { what: 'of two domains', text: vm('a') + vm('b'), says: /: error: it holds 2 domains/ },
    {
      what: 'with a field that is none',
      text: '(vm (name web)\n (memroy 64) (image (js (kernel shell))))',
      says: /:2:3: error: unknown field 'memroy'/,
    },
    {
      what: 'of a device class that is gone',
      text: `(vm (name web) (device-class /nowhere/x.ts)\n(image (js (kernel shell))))`,
      says: /:1:30: error: Cannot find the device class/,
    },
    { what: 'of something else', text: 'a,b\n1,2\n', says: /:1:1: error: / },
    { what: 'of no text at all', text: '\0\u00ff'.repeat(5000), says: /: error: / },
    { what: 'without an end to its depth', text: '('.repeat(50_000), says: /: error: / },
    { what: 'that is long', text: `(vm (name ${long}`, says: /: error: / },
    {
      what: 'with a name that another one has',
      text: vm('good'),
      says: new RegExp(`: error: ${uuidOf(1)}.sxp is called good too`),
    },
  ])('$what: it is said where, it stays, and harms no other', async ({ text, says }) => {
    open().keep({ uuid: uuidOf(1), config: configOf('good') });
    open().keep({ uuid: uuidOf(9), config: configOf('best') });
    const path = join(directory, `${uuidOf(5)}.sxp`);
    writeFileSync(path, text);
    const managed = open();
    const troubles = await managed.load(classes);
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toMatch(says);
    expect(troubles[0]).toContain(`a managed domain is left out, ${path}`);
    expect(troubles[0]!.length).toBeLessThan(1000);
    expect(managed.all().map(({ config }) => config.name)).toEqual(['good', 'best']);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readFileSync(join(root, 'xend.log'), 'utf8')).toContain('A managed domain is left out');
  });

  test('what is no file of a domain: said, or nothing to say about', async () => {
    open().keep({ uuid: uuidOf(1), config: configOf('good') });
    mkdirSync(join(directory, `${uuidOf(2)}.sxp`));
    writeFileSync(join(directory, 'README'), 'mine');
    writeFileSync(join(directory, 'web.sxp'), vm('web'));
    const managed = open();
    expect(await managed.load(classes)).toEqual([
      `a managed domain is left out, ${join(directory, 'web.sxp')}: error: its name is not the uuid of a domain`,
    ]);
    expect(managed.all()).toHaveLength(1);
  });

  test('what was being written when xend was killed is gone, and what it should replace is there', async () => {
    open().keep({ uuid: uuidOf(1), config: configOf('good') });
    writeFileSync(join(directory, `${uuidOf(1)}.sxp.new`), '(vm (na');
    writeFileSync(join(directory, `${uuidOf(2)}.sxp.new`), '(vm (na');
    const managed = open();
    expect(await managed.load(classes)).toEqual([]);
    expect(managed.all()).toHaveLength(1);
    expect(readdirSync(directory)).toEqual([`${uuidOf(1)}.sxp`]);
  });
});

test('what cannot be written is refused, and all is as it was', async () => {
  const managed = open();
  managed.keep({ uuid: uuidOf(1), config: configOf('good') });
  rmSync(directory, { recursive: true });
  expect(() => managed.keep({ uuid: uuidOf(1), config: configOf('better') })).toThrow(
    "Cannot write the domain's record",
  );
  expect(() => managed.keep({ uuid: uuidOf(2), config: configOf('other') })).toThrow('ENOENT');
  expect(managed.all().map(({ config }) => config.name)).toEqual(['good']);
});
