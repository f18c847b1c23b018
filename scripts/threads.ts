// SPDX-License-Identifier: Apache-2.0
/**
 * Bundles what domains' threads load from `dist/src` to `dist/threads`: what is loaded by name keeps its path, all else goes to
 * a few files in `chunks/`, so that each module still exists once. A thread loads each module by itself otherwise, which takes
 * three quarters of the time in which a domain is created.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** Modules that are loaded by name: where threads begin, what they are told to load, and what `xenidc` is there. */
const ENTRY =
  /^(?:index|domain\/(?:\w+-)?thread|domain\/kernels\/(?:idle|shell\/index)|devices\/\w+\/(?:front|back))\.js$/;

/** @param dist where the compiled modules are */
export async function bundleThreads(dist: string): Promise<void> {
  const [from, to] = [join(dist, 'src'), join(dist, 'threads')];
  const modules = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));
  const entries = modules.filter((path) => ENTRY.test(path)).map((path) => path.slice(0, -'.js'.length));
  if (
    isCurrent(
      modules.map((path) => join(from, path)),
      entries.map((path) => join(to, `${path}.js`)),
    )
  )
    return;
  rmSync(to, { recursive: true, force: true });
  const input = Object.fromEntries(entries.map((path) => [path, join(from, `${path}.js`)]));
  await using bundle = await rolldown({ input, platform: 'node' });
  await bundle.write({
    dir: to,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    sourcemap: true,
  });
}

function isCurrent(inputs: readonly string[], outputs: readonly string[]): boolean {
  if (!outputs.every(existsSync)) return false;
  const made = Math.min(...outputs.map((file) => statSync(file).mtimeMs));
  return [...inputs, import.meta.filename].every((file) => statSync(file).mtimeMs <= made);
}
