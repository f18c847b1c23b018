// SPDX-License-Identifier: Apache-2.0

const built = !import.meta.url.endsWith('.ts');

/**
 * Where the modules are that domains' threads load. When built it is a tree of its own, `dist/threads`, with the same paths
 * but few files (`scripts/build.ts`): a thread starts several times as fast when it does not load each module by itself.
 */
export const threadRoot = new URL(built ? '../threads/' : './', import.meta.url);

/** URL of a module that threads load. @param path from `src/`, without extension */
export function threadModule(path: string): URL {
  return new URL(`${path}${built ? '.js' : '.ts'}`, threadRoot);
}
