// SPDX-License-Identifier: Apache-2.0
/**
 * Builds `dist/` from `src/` and `commands/`, with a bundle for domains' threads, and from the built commands
 * `oclif.manifest.json` and the manual page. Run as `node scripts/build.ts`; exits 1 on a type error. Doing it again with
 * nothing changed costs about half a second.
 *
 * Commands are no bundle: with the manifest, the compile cache and oclif's sub-paths, `xm list` stays far below its limit.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ManCommand, manPage } from './man.ts';
import { bundleThreads } from './threads.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const manifest = join(root, 'oclif.manifest.json');
/** Compiled forms of one source file. */
const OUTPUT = /\.(?:js|js\.map|d\.ts)$/;

const files = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

/** Removes what was compiled from sources that are gone: a stale command would still be found, a stale test still pass. */
function removeStale(): void {
  for (const file of ['src', 'commands'].flatMap((tree) => files(join(dist, tree)))) {
    const source = join(root, relative(dist, file).replace(OUTPUT, ''));
    if (OUTPUT.test(file) && !existsSync(`${source}.ts`) && !existsSync(`${source}.tsx`)) rmSync(file);
  }
}

/** Type-checks and emits. Emits even with errors, so that one broken part does not stop work on the others. */
function compile(): boolean {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const state = ['--incremental', '--tsBuildInfoFile', join(dist, 'tsconfig.tsbuildinfo')];
  // The state file says what was emitted; without the output it would keep tsc from emitting again.
  if (!existsSync(join(dist, 'src'))) rmSync(dist, { recursive: true, force: true });
  return spawnSync(process.execPath, [tsc, '-p', root, ...state], { stdio: 'inherit' }).status === 0;
}

/** What the manifest is made from: the commands, and the base class whose flags each of them inherits. */
function manifestIsCurrent(): boolean {
  if (!existsSync(manifest)) return false;
  const made = statSync(manifest).mtimeMs;
  const commands = files(join(dist, 'commands')).filter((file) => file.endsWith('.js'));
  const inputs = [...commands, ...files(join(dist, 'src/cli')), join(root, 'package.json'), import.meta.filename];
  const known = Object.keys(JSON.parse(readFileSync(manifest, 'utf8')).commands).length;
  return known === commands.length && inputs.every((file) => statSync(file).mtimeMs <= made);
}

/** The manual page, from the manifest. */
function writeMan(): void {
  const { commands, version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const page = manPage(Object.values<ManCommand>(commands), version);
  const file = join(dist, 'man/xm.1');
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file) || readFileSync(file, 'utf8') !== page) writeFileSync(file, page);
}

/** Without a manifest oclif imports every command to find one. */
async function writeManifest(): Promise<void> {
  const { Plugin } = await import('@oclif/core/config');
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  writeFileSync(manifest, `${JSON.stringify(plugin.manifest, null, 1)}\n`);
}

const ok = compile();
removeStale();
await bundleThreads(dist);
if (!manifestIsCurrent()) await writeManifest();
writeMan();
process.exitCode = ok ? 0 : 1;
