// SPDX-License-Identifier: Apache-2.0
import { registerHooks } from 'node:module';
import type { OwnModules } from '../devices/contract.ts';
import type { OwnClass } from '../devices/define.ts';
import type { BackFactory, FrontFactory } from './contract.ts';
import { publicModule } from './sandbox.ts';

/** Where one end of a class is. */
export interface ClassModule {
  /** Of the class. */
  readonly name: string;
  /** A built-in module, whose default export is the end; or the module of a user's own class, which has both ends. */
  readonly module: string;
  readonly own?: OwnModules | undefined;
}

/** Texts of the modules of classes, by what follows the `?` in the URLs of one copy. */
const copies = new Map<string, OwnModules['sources']>();

let hooked = false;

/** Has the modules of copies come from their texts: the thread may not read them, and all domains have the same version. */
function hook(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, { parentURL: parent = '', ...context }, next) {
      const { search = '' } = URL.parse(parent) ?? {};
      const sources = copies.get(search);
      if (sources !== undefined) {
        if (specifier === 'xenidc') return { url: publicModule, shortCircuit: true };
        const { href } = URL.parse(specifier, parent) ?? {};
        if (href !== undefined && sources[href] !== undefined) return { url: `${href}${search}`, shortCircuit: true };
      }
      return next(specifier, { ...context, parentURL: parent });
    },
    load(url, context, next) {
      const { search = '' } = URL.parse(url) ?? {};
      const source = copies.get(search)?.[url.slice(0, url.length - search.length)];
      return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
    },
  });
}

/**
 * Imports one end of a class. A user's own class is a copy of its own in each domain, and another one for each version.
 *
 * @param instance tells the domains of a thread apart
 */
export async function importEnd<E extends keyof Ends>(from: ClassModule, end: E, instance: number): Promise<Ends[E]> {
  if (from.own === undefined) return ((await import(from.module)) as { default: Ends[E] }).default;
  const { version, sources } = from.own;
  const search = `?class=${version}-${instance}`;
  hook();
  copies.set(search, sources);
  return ((await import(`${from.module}${search}`)) as { default: OwnClass }).default[end];
}

interface Ends {
  readonly front: FrontFactory;
  readonly back: BackFactory;
}
