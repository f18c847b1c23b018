// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SOURCES } from '../../src/cli/complete/proposals.ts';

/** What a short command must not load, and what keeps it so (guide/toolchain.md 4.3). */

const entry = join(process.cwd(), 'dist/src/bin/xm.js');
const manifest = JSON.parse(readFileSync('oclif.manifest.json', 'utf8'));
interface ManifestEntry {
  readonly description?: string;
  readonly examples?: unknown[];
  readonly relativePath: string[];
  readonly args: Readonly<Record<string, { readonly options?: readonly string[] }>>;
}
const commands: Record<string, ManifestEntry> = manifest.commands;

/** The modules that one run of the built entry loads, and its exit status. */
function modulesOf(...args: string[]): { readonly urls: readonly string[]; readonly status: number | null } {
  const hook = `
    import { registerHooks } from 'node:module';
    import { writeSync } from 'node:fs';
    registerHooks({ load(url, context, next) { writeSync(1, 'LOADED ' + url + '\\n'); return next(url, context); } });`;
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, entry, ...args],
    { encoding: 'utf8', env: { PATH: process.env.PATH, XEND_RUNDIR: '/nonexistent', XM_NO_AUTOSTART: '1' } },
  );
  const urls = stdout.split('\n').flatMap((line) => (line.startsWith('LOADED ') ? [line.slice(7)] : []));
  return { urls, status };
}

const HEAVY = [
  /\/node_modules\/(?:ink|react|react-reconciler|yoga-layout|chevrotain|@chevrotain)\//,
  /\/dist\/src\/(?:tui|sxp|config|hv|domain|devices(?!\/console\/socket)|xenstore|xenbus|ring|idc|link)\//,
  /\/dist\/src\/xend\/(?!client|contract|paths)/,
  /^node:(?:http|https|worker_threads|zlib|tls)$/,
  /@oclif\/core\/lib\/(?:index|main)\.js$/,
];

describe('module graph', () => {
  test.each([['list'], ['pause', 'demo'], ['xend', 'status', '--json']])('xm %s loads nothing heavy', (...args) => {
    const { urls } = modulesOf(...args);
    expect(urls.some((url) => url.endsWith('/dist/src/xend/client.js'))).toBe(true);
    expect(urls.filter((url) => HEAVY.some((pattern) => pattern.test(url)))).toEqual([]);
  });

  test('xm top -b loads no Ink', () => {
    const { urls } = modulesOf('top', '-b', '-i', '1');
    expect(urls.filter((url) => HEAVY[0]!.test(url))).toEqual([]);
  });

  test('a TAB loads nothing of the command line but names and the client', () => {
    const { urls, status } = modulesOf('__complete', 'bash', 'xm pause ');
    expect(status).toBe(0);
    expect(urls.some((url) => url.endsWith('/dist/src/xend/client.js'))).toBe(true);
    expect(urls.filter((url) => HEAVY.some((pattern) => pattern.test(url)) || url.includes('@oclif'))).toEqual([]);
  });

  test('one command loads no other', () => {
    const loaded = modulesOf('list').urls.filter((url) => url.includes('/dist/commands/'));
    expect(loaded).toEqual([pathToFileURL('dist/commands/list.js').href]);
  });
});

describe('manifest', () => {
  const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'commands'], { encoding: 'utf8' })
    .split('\n')
    .filter((path) => path.endsWith('.ts') && existsSync(path));

  test('has every command, and no other', () => {
    const ids = sources.map((path) => path.replace(/^commands\/|\.ts$/g, '').replaceAll('/', ':'));
    expect(Object.keys(commands).sort()).toEqual(ids.sort());
  });

  test.each(Object.keys(commands))('xm %s has a description and at least two examples', (id) => {
    expect(commands[id]?.description).toMatch(/^[A-Z].*\.(?:\n|$)/);
    expect(commands[id]?.examples?.length).toBeGreaterThanOrEqual(2);
  });

  test.each(sources)('%s is thin and imports no more than src/cli', (path) => {
    const text = readFileSync(path, 'utf8');
    expect(text.split('\n').length).toBeLessThanOrEqual(65);
    const imports = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, name]) => name!);
    const allowed = /^(?:@oclif\/core\/(?:args|flags)|(?:\.\.\/)+src\/cli\/.*)$/;
    // The screen is loaded when it is opened.
    const rest = imports.filter((name) => !allowed.test(name) && !text.includes(`await import('${name}')`));
    expect(rest).toEqual([]);
  });

  test('what TAB proposes for each argument is said in SOURCES of src/cli/complete/proposals.ts', () => {
    const named = Object.values(commands).flatMap(({ args }) =>
      Object.entries(args).flatMap(([name, { options }]) => (options === undefined ? [name] : [])),
    );
    expect([...new Set(named)].filter((name) => !Object.hasOwn(SOURCES, name))).toEqual([]);
  });

  test('no argument waits for stdin', async () => {
    for (const { relativePath } of Object.values(commands)) {
      const { default: command } = await import(pathToFileURL(join(...relativePath)).href);
      for (const arg of Object.values<{ ignoreStdin?: boolean }>(command.args ?? {}))
        expect(arg.ignoreStdin).toBe(true);
    }
  });
});

test('the entry asks for the Node that package.json names, before it imports anything', () => {
  const needed = JSON.parse(readFileSync('package.json', 'utf8')).engines.node;
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(needed) ?? [];
  const source = readFileSync('src/bin/xm.ts', 'utf8');
  expect(source).toContain(`NEEDED = [${major}, ${minor}]`);
  expect(source).not.toMatch(/^import /m);
});

describe('what threads load', () => {
  const threads = join(process.cwd(), 'dist/threads');
  const maps = readdirSync(threads, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js.map'));

  test('is a few files in which each module is once: what it holds is one for all', () => {
    const sources = maps.flatMap((path): string[] => {
      const directory = join(threads, path, '..');
      return JSON.parse(readFileSync(join(threads, path), 'utf8')).sources.map((source: string) =>
        join(directory, source),
      );
    });
    expect(sources).toContain(join(process.cwd(), 'dist/src/domain/boot.js'));
    expect(sources.filter((source, index) => sources.indexOf(source) !== index)).toEqual([]);
    expect(maps.length).toBeLessThan(sources.length / 3);
  });
});
