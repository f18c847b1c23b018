// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { readPoolConfig } from '../../../src/config/pool.ts';

const read = (text: string, ...words: string[]) => readPoolConfig({ name: 'x.pool', text }, words);
const all = Array.from({ length: availableParallelism() }, (_, index) => index + 1);

describe('the configuration of a pool', () => {
  test.each([
    ["name = 'a'\ncpus = [2, 1, 2]\nsched = 'loop'", [], { name: 'a', threads: [1, 2] }],
    ["name = 'a'\ncpus = ['3', '4']", [], { name: 'a', threads: [3, 4] }],
    ["name = 'a'", [], { name: 'a', threads: all }],
    ["n = 2\nname = 'p%d' % n\ncpus = n", [], { name: 'p2', threads: [2] }],
    ['', ['name=a', 'cpus=1,2'], { name: 'a', threads: [1, 2] }],
    ["name = 'a'\ncpus = [1]", ['name=b'], { name: 'b', threads: [1] }],
  ])('%j %j', (text, words, config) => {
    expect(read(text, ...words)).toEqual({ config, diagnostics: [] });
  });

  test.each([
    ['', [], ['name is missing']],
    ["name = 'a b'", [], ["name may hold at most 32 letters, digits and _ - ., not 'a b'"]],
    ["name = 'a'\ncpus = []", [], [/^cpus must be the numbers of its threads/]],
    ["name = 'a'\ncpus = [0]", [], [/^cpus must be/]],
    ["name = 'a'\ncpus = [257]", [], [/^cpus must be/]],
    ["name = 'a'\ncpus = [1.5]", [], [/^cpus must be/]],
    ['', ['name=a', 'cpus=-1'], [/^cpus must be/]],
    ["name = 'a'\nsched = 'credit'", [], [/sched can only be loop$/]],
    ["name = 'a'\ncpsu = [1]", [], ['cpsu means nothing in a pool']],
    ["name = 'a'\nwhile True: pass", [], [/./]],
    ['', ['name'], [/is not NAME=VALUE$/]],
  ])('%j %j is refused', (text, words, messages) => {
    const { config, diagnostics } = read(text, ...words);
    expect(config).toBeUndefined();
    expect(diagnostics.map(({ message }) => message)).toEqual(
      messages.map((wanted) => (typeof wanted === 'string' ? wanted : expect.stringMatching(wanted))),
    );
  });
});
