// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read.ts';
import { builtinClasses } from '../../src/devices/registry.ts';

const root = resolve(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

const commands = readdirSync(join(root, 'commands'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replace(/\.ts$/, '').replace('/', ' '));

describe('README.md', () => {
  test.each(
    [...readme.matchAll(/^(?:npx )xm ((?:xend |xenstore |vchan |vsock |viptables )?[a-z-]+)/gm)].map(
      (match) => match[1]!,
    ),
  )('xm %s exists', (name) => {
    expect(commands).toContain(name);
  });

  test.each(commands)('lists xm %s', (name) => {
    expect(readme).toContain(`\`${name}\``);
  });

  test('its configuration is valid', () => {
    const text = /^\(vm$[\s\S]*?^\)$/m.exec(readme.slice(readme.indexOf("## A domain's configuration")))?.[0] ?? '';
    const { diagnostics } = readConfig({ name: 'README.md', text }, { directory: '/', classes: builtinClasses });
    expect(diagnostics).toEqual([]);
  });

  test.each(['rings-250x70', 'rings-opened'])('has the screen %s as it is', (name) => {
    const shown = new RegExp(`<!-- screen: ${name} -->\\n\`\`\`\\n([\\s\\S]*?)\\n\`\`\``).exec(readme)?.[1];
    const lines = readFileSync(join(root, `test/golden/screens/${name}.txt`), 'utf8')
      .trimEnd()
      .split('\n');
    // Without the line of keys at the end; of an opened row without what is above it.
    const from = name.endsWith('opened') ? 4 : 0;
    expect(shown).toBe(lines.slice(from, -1).join('\n').trimEnd());
  });

  test('has the recorded demo, with equal checksums', () => {
    const recorded = /recorded: npm run demo -->\n```\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    expect(recorded.match(/--> equal/g)).toHaveLength(2);
    expect(recorded).toContain(readFileSync(join(root, 'configs/demo.sxp'), 'utf8').trim());
  });
});

describe.each([
  ['README.md', readme],
  ['CONTRIBUTING.md', contributing],
])('%s', (_name, text) => {
  test('names files that exist', () => {
    const linked = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
    const named = [...text.matchAll(/`((?:src|test|configs|commands|scripts)\/[\w./-]+)`/g)].map((match) => match[1]!);
    expect([...linked, ...named].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'bin')
  .map(({ name }) => name);

test.each(folders)('src/%s has a README', (folder) => {
  expect(existsSync(join(root, 'src', folder, 'README.md'))).toBe(true);
});
