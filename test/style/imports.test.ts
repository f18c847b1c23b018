// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/**
 * What each layer may import, lower layers first; types of a `contract.ts` may come from anywhere. The files directly in
 * `src/` (errors, words, the public index) are listed by name.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/errors.ts': [],
  'src/words.ts': [],
  'src/cpus.ts': [],
  'src/port.ts': [],
  'src/processes.ts': [],
  'src/directories.ts': ['src/errors.ts'],
  'src/thread-modules.ts': [],
  sxp: ['src/errors.ts', 'src/words.ts'],
  ring: [],
  trace: [],
  hv: ['src/errors.ts', 'src/port.ts', 'trace'],
  xenstore: ['src/errors.ts', 'src/port.ts', 'ring'],
  idc: ['src/errors.ts', 'hv', 'ring', 'trace'],
  vchan: ['src/errors.ts', 'hv', 'idc', 'ring'],
  argo: ['src/errors.ts', 'hv', 'idc'],
  advertise: ['src/errors.ts', 'hv'],
  vsock: ['src/errors.ts', 'hv', 'idc', 'ring', 'vchan'],
  devices: ['src/errors.ts', 'src/thread-modules.ts', 'src/words.ts', 'hv', 'idc', 'ring'],
  domain: [
    'src/errors.ts',
    'src/port.ts',
    'src/thread-modules.ts',
    'src/words.ts',
    'argo',
    'devices',
    'hv',
    'idc',
    'ring',
    'trace',
    'vchan',
    'vsock',
    'xenstore',
  ],
  config: ['src/cpus.ts', 'src/errors.ts', 'src/words.ts', 'sxp'],
  'src/index.ts': ['src/errors.ts', 'advertise', 'devices', 'domain', 'hv', 'idc'],
  xend: [
    'src/directories.ts',
    'src/cpus.ts',
    'src/errors.ts',
    'src/port.ts',
    'src/words.ts',
    'src/processes.ts',
    'sxp',
    'config',
    'devices',
    'domain',
    'hv',
    'idc',
    'ring',
    'trace',
    'vchan',
    'vsock',
    'xenstore',
  ],
  machine: [
    'src/errors.ts',
    'src/words.ts',
    'argo',
    'devices',
    'domain',
    'hv',
    'idc',
    'ring',
    'vchan',
    'vsock',
    'xenstore',
  ],
  'src/library.ts': ['src/index.ts', 'machine'],
  tui: [
    'src/errors.ts',
    'src/xend/client.ts',
    'src/xend/log-line.ts',
    'src/xend/stalls/words.ts',
    'src/words.ts',
    'src/xenstore/contract.ts',
    'src/xenstore/wire-client.ts',
  ],
  cli: [
    'src/directories.ts',
    'src/cpus.ts',
    'src/errors.ts',
    'src/words.ts',
    'src/processes.ts',
    'src/sxp/show.ts',
    'trace',
    'tui',
    'src/xend/client.ts',
    'src/xend/contract.ts',
    'src/xend/load-config.ts',
    'src/xend/lock.ts',
    'src/xend/log-line.ts',
    'src/xend/openmetrics.ts',
    'src/xend/paths.ts',
    'src/xend/stalls/words.ts',
    'src/xend/version.ts',
    'src/xenstore/contract.ts',
    'src/xenstore/wire-client.ts',
  ],
  bin: ['cli', 'xend'],
  commands: ['src/errors.ts', 'src/words.ts', 'cli', 'tui', 'src/xend/client.ts', 'src/xend/paths.ts'],
};

function layerOf(file: string): string {
  if (file.startsWith('commands/')) return 'commands';
  const [, folder = '', rest] = file.split('/');
  return rest === undefined ? file : folder;
}

const files = ['src', 'commands'].flatMap((directory) =>
  readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${directory}/${name}`),
);

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/^(import|export)( type)?\b[^;]*?from '(\.[^']+)';|\bimport\('(\.[^']+)'\)/gm);
  return [...found].map((match) => ({
    target: relative(root, resolve(root, dirname(file), match[3] ?? match[4] ?? '')),
    typeOnly: match[2] !== undefined,
  }));
}

describe('imports go down the layers, never up', () => {
  test.each(files)('%s', (file) => {
    const layer = layerOf(file);
    const allowed = ALLOWED[layer] ?? ALLOWED[file];
    expect(allowed, `no rule for the layer ${layer}`).toBeDefined();
    const wrong = importsOf(file).filter(({ target, typeOnly }) => {
      const to = layerOf(target);
      const contract = typeOnly && target.endsWith('contract.ts');
      return to !== layer && !contract && !allowed?.includes(to) && !allowed?.includes(target);
    });
    expect(wrong.map(({ target }) => target)).toEqual([]);
  });

  test('the rules themselves have no cycle', () => {
    const visit = (layer: string, path: readonly string[]): void => {
      expect(path).not.toContain(layer);
      for (const next of ALLOWED[layer] ?? []) visit(next, [...path, layer]);
    };
    for (const layer of Object.keys(ALLOWED)) visit(layer, []);
  });
});

test.each(files)('%s says its licence first', (file) => {
  expect(readFileSync(join(root, file), 'utf8')).toMatch(/^(#!.*\n)?\/\/ SPDX-License-Identifier: Apache-2\.0\n/);
});
