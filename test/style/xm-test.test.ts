// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/** `test/xm-test.md` says of each row and each complaint where it is a test, and that is so. */

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const text = read('test/xm-test.md');
const [rowText = '', complaintText = ''] = text.split('\n## The complaints\n');

const rows = [...rowText.matchAll(/^\| ([a-z_0-9-]+) (\d[\d, ]*) \|(.*)\|$/gm)].map(([, group, numbers, note]) => ({
  group: group!,
  numbers: numbers!.split(', '),
  note: note!.trim(),
}));
const complaints = [...complaintText.matchAll(/^\| (\d+) \| [^|]+ \| (.*) \|$/gm)].map(([, number, where]) => ({
  number: number!,
  where: where!,
}));

/** Rows of each group in the last xm-test (spec/xend.md 7), and two groups that went before. */
const COUNTS: Readonly<Record<string, number>> = {
  _sanity: 1,
  'block-create': 11,
  'block-destroy': 6,
  'block-integrity': 2,
  'block-list': 6,
  console: 2,
  cpupool: 4,
  create: 15,
  destroy: 7,
  dmesg: 2,
  domid: 2,
  domname: 2,
  enforce_dom0_cpus: 1,
  help: 6,
  info: 2,
  list: 6,
  memmax: 1,
  memset: 4,
  migrate: 1,
  network: 9,
  'network-attach': 4,
  pause: 4,
  reboot: 3,
  restore: 4,
  save: 3,
  'sched-credit': 1,
  sedf: 6,
  shutdown: 3,
  sysrq: 3,
  unpause: 1,
  'vcpu-disable': 1,
  'vcpu-pin': 1,
  xapi: 5,
  'security-acm': 10,
  vtpm: 9,
};

/** The rows that titles begin with, such as `pause 01, 02, unpause 01: ...`, or `01: ...` in a group's part, or the first cell of a table. */
function testedRows(): ReadonlySet<string> {
  const found = new Set<string>();
  let group = '';
  for (const line of read('test/lifecycle/xm-test.test.ts').split('\n')) {
    const [, part] = /^describe\('([^']+)'/.exec(line) ?? [];
    const [, title = ''] = /^ *test\('([^']+)'/.exec(line) ?? [];
    const [, cell] = /^ {4}\['(\d\d)', /.exec(line) ?? [];
    group = part ?? group;
    let named = group;
    for (const [, name = named, number] of title.split(':')[0]!.matchAll(/(?:([a-z_][a-z0-9_-]+) )?(\d\d)(?:, |$)/g)) {
      found.add(`${name} ${number}`);
      named = name;
    }
    if (cell !== undefined) found.add(`${group} ${cell}`);
  }
  return found;
}
const tested = testedRows();

test('each row is there once', () => {
  const found = rows.flatMap(({ group, numbers }) => numbers.map((number) => `${group} ${number}`));
  expect(new Set(found).size).toBe(found.length);
  const counts = Object.fromEntries(
    [...Map.groupBy(found, (row) => row.split(' ')[0]!)].map(([group, all]) => [group, all.length]),
  );
  expect(counts).toEqual(COUNTS);
});

describe('a row', () => {
  test.each(rows)('$group $numbers', ({ group, numbers, note }) => {
    if (note.startsWith('not here: ') || note.startsWith('`')) return;
    expect(numbers.filter((number) => !tested.has(`${group} ${number}`))).toEqual([]);
  });
});

test('all complaints are there', () => {
  expect(complaints.map(({ number }) => number)).toEqual(Array.from({ length: 22 }, (_, index) => String(index + 1)));
});

test.each([...rows.map(({ note }) => note), ...complaints.map(({ where }) => where)].filter((words) => words !== ''))(
  '%s',
  (words) => {
    const files = [...words.matchAll(/`(test\/[^`]+\.ts)`((?:,? "[^"]+")*)/g)];
    if (files.length === 0) expect(words).not.toMatch(/^$/);
    for (const [, path, quoted = ''] of files) {
      expect(existsSync(join(root, path!)), path).toBe(true);
      for (const [, title] of quoted.matchAll(/"([^"]+)"/g)) expect(read(path!)).toContain(title);
    }
  },
);
