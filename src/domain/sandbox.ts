// SPDX-License-Identifier: Apache-2.0
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Modules that a kernel may import. None of them can make a synchronous native call that lasts: a thread stuck in one
 * cannot be ended (DESIGN.md 9).
 */
const ALLOWED: ReadonlySet<string> = new Set([
  'assert',
  'assert/strict',
  'async_hooks',
  'buffer',
  'diagnostics_channel',
  'events',
  // Over streams of a domain's own: the permission model keeps it from the network.
  'http',
  'path',
  'path/posix',
  'querystring',
  'stream',
  'stream/consumers',
  'stream/promises',
  'string_decoder',
  'timers',
  'timers/promises',
  'url',
  'util',
  'util/types',
]);

/**
 * Ways out of the thread that would take the whole supervisor along, around the module list, or to its own ports. `reallyExit` is not one of
 * them: in a worker it ends the thread, and `process.exit` and uncaught errors need it.
 */
const HIDDEN = [
  'abort',
  'binding',
  '_linkedBinding',
  'dlopen',
  'getBuiltinModule',
  'kill',
  '_kill',
  '_debugProcess',
  '_debugEnd',
  '_startProfilerIdleNotifier',
  '_rawDebug',
  '_getActiveHandles',
  '_getActiveRequests',
  'setuid',
  'setgid',
  'chdir',
  'umask',
  'mainModule',
  'execve',
] as const;

/** This project's own modules, which may import anything. */
const trusted = new URL('../', import.meta.url).href;
/** What `import 'xenidc'` means. */
export const publicModule = new URL(import.meta.url.endsWith('.ts') ? 'index.ts' : 'index.js', trusted).href;

/** What the sandbox needs to know of the kernels it will hold. */
export interface SandboxOptions {
  /** Text of a TypeScript kernel with the types erased by the supervisor; undefined for any other module. */
  readonly sourceOf: (url: string) => string | undefined;
  /** What kernels may import, where Node itself lets the thread read all: files and, ending in a slash, directories. */
  readonly mayRead?: (path: string) => boolean;
  /** What the modules are, for messages. */
  readonly who?: string;
}

/**
 * Closes the thread around the kernels that are imported next: a fault domain, not a security boundary. Must run after our own
 * modules were imported.
 *
 * A kernel whose URL has a query is an instance of its own, and so are the modules beside it that it imports.
 */
export function enterSandbox({ sourceOf, mayRead = () => true, who = 'a kernel' }: SandboxOptions): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'xenidc') return { url: publicModule, shortCircuit: true };
      const parent = context.parentURL ?? '';
      const resolved = next(specifier, context);
      if (parent.startsWith(trusted)) return resolved;
      const builtin = /^node:(.*)$/.exec(resolved.url)?.[1];
      if (builtin !== undefined && !ALLOWED.has(builtin)) {
        throw new Error(`${who} may not import node:${builtin}`);
      }
      if (!resolved.url.startsWith('file:')) return resolved;
      if (!mayRead(fileURLToPath(resolved.url))) {
        throw Object.assign(new Error('Access to this API has been restricted'), { code: 'ERR_ACCESS_DENIED' });
      }
      const instance = /\?domain=\d+$/.exec(parent)?.[0] ?? '';
      return { ...resolved, url: `${resolved.url}${resolved.url.includes('?') ? '' : instance}` };
    },
    load(url, context, next) {
      const source = sourceOf(url);
      return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
    },
  });
  for (const name of HIDDEN) hide(process, name);
  hide(globalThis, 'BroadcastChannel');
}

function hide(object: object, name: string): void {
  Object.defineProperty(object, name, { value: undefined, configurable: false, writable: false });
}

/**
 * Whether the thread is closed as far as we close it. Asked at every boot, since the per-worker permission model is not a
 * documented feature of Node.
 *
 * @param readable the files and directories that it may read
 * @returns what is open although it must not be
 */
export function checkSandbox(readable: readonly string[]): readonly string[] {
  const open: string[] = HIDDEN.filter((name) => (process as unknown as Record<string, unknown>)[name] !== undefined);
  const permission = process.permission as { has(scope: string, reference?: string): boolean } | undefined;
  for (const scope of ['fs.write', 'child', 'worker', 'addons', 'net', 'wasi']) {
    if (permission === undefined || permission.has(scope)) open.push(scope);
  }
  // The working directory, because Node opened that once, and the root, which holds all.
  for (const path of [join(process.cwd(), 'any'), '/any']) {
    if (!readable.some((own) => path.startsWith(own)) && permission?.has('fs.read', path)) open.push(`fs.read ${path}`);
  }
  return open;
}
