// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { xmHome } from '../support/xm.ts';

const sample = resolve(import.meta.dirname, '../../configs/numbered.cfg');

test('create --help_config: what it asks for', async () => {
  await using home = xmHome();
  const numbered = new URL('../../configs/numbered.cfg', import.meta.url).pathname;
  expect(await home.ok(['create', '--help_config', numbered])).toBe(
    'vmid                 Number of the domain, from 1.\n',
  );
  expect(await home.json(['create', '--help-config', numbered])).toEqual([
    { name: 'vmid', use: 'Number of the domain, from 1.' },
  ]);
  expect(await home.ok(['create', '--help_config', home.file('plain.cfg', "kernel = 'idle'\n")])).toBe(
    'The configuration asks for no variables.\n',
  );
  const wrong = await home.run(['create', '--help_config', home.file('wrong.cfg', 'kernel = \n')]);
  expect(wrong).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^Error: .*wrong\.cfg has an error:\n/),
  });
  expect(await home.ok(['list', '-q'])).toBe('Domain-0\n');
});

test('a Python-style configuration: dry run, its output as input, and the domain with what it computed', async () => {
  await using home = xmHome();
  const printed = await home.ok(['create', '-n', sample, 'vmid=7', 'memory=48']);
  expect(printed).toContain('(name VM7)\n    (memory 48)\n');
  const again = home.file('again', printed);
  expect(await home.ok(['create', '-n', '-F', again])).toBe(printed);
  expect(await home.ok(['create', sample, 'vmid=7', 'memory=48'])).toBe(
    `Using config file "${sample}".\nStarted domain VM7 (id=1)\n`,
  );
  expect(await home.json(['list', 'VM7'])).toMatchObject([{ name: 'VM7', memory: 48 }]);
});

test('where configurations are found', async () => {
  await using home = xmHome();
  home.file('xmdefconfig', "kernel = 'shell'\n");
  mkdirSync(join(home.directory, 'etc'));
  home.file('etc/other.cfg', "kernel = 'shell'\nextra = xm_file\n");
  expect(await home.ok(['create', '-n', 'name=x'])).toContain('(name x)');
  expect(await home.ok(['create', '-n', '-f', 'xmdefconfig'])).toContain('(name xmdefconfig)');
  const found = await home.ok(['create', '-n', 'other.cfg', '--path=/no/such:etc']);
  expect(found).toContain('(name other.cfg)');
  expect(found).toContain('(args etc/other.cfg)');
  expect(await home.run(['create', '-n', 'other.cfg'])).toMatchObject({
    status: 1,
    stderr: 'Error: Unable to open config file: other.cfg\nHint: there is no such file\n',
  });
  expect(await home.ok(['create', '-n', '-', 'name=typed'], { input: "kernel = 'shell'" })).toContain('(name typed)');
});

test('mistakes of file and command line come together, and nothing is created', async () => {
  await using home = xmHome();
  const file = home.file('bad.cfg', "kernel = 'shell'\nvfb = ['']\nmemroy = 3\npci = ['1']\n");
  const { status, stderr } = await home.run(['create', file, 'vcpus=0']);
  expect(status).toBe(1);
  expect(stderr).toBe(`Error: ${file} has 2 errors:
<command line>:1:7: error: vcpus must be a whole number from 1 to 128, not '0'
vcpus=0
      ^
${file}:3:1: warning: memroy means nothing
memroy = 3
^~~~~~
hint: did you mean 'memory'?
${file}:4:1: error: pci is not supported: there is no hardware to hand out
pci = ['1']
^~~
`);
  const { stdout } = await home.run(['validate', file, 'vcpus=0', '--json']);
  expect(JSON.parse(stdout)[0].diagnostics[0]).toMatchObject({ file: '<command line>', line: 1, column: 7 });
  expect((await home.run(['create', '-F', file])).stderr).toContain('this is no SXP');
  expect(await home.json(['list'])).toHaveLength(1);
});

test('a hostile one ends with an error, and xend goes on', async () => {
  await using home = xmHome();
  const file = home.file('hostile.cfg', "def f(n):\n    return f(n + 1) + f(n + 1)\nname = 'a' * 1000 * 1000\nf(0)\n");
  const { status, stderr } = await home.run(['create', file]);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringContaining(`${file}:3:8: error: this would be larger than 16384 characters or items`),
  });
  expect(await home.json(['list'])).toHaveLength(1);
});

test('copies of one are numbered behind the name: %d is its own', async () => {
  await using home = xmHome();
  await home.ok(['create', '-q', '-N', '2', sample, 'vmid=5']);
  const listed = await home.json<{ name: string }[]>(['list']);
  expect(listed.map(({ name }) => name).sort()).toEqual(['Domain-0', 'VM5-1', 'VM5-2']);
});
