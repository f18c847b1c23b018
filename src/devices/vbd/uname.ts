// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

const UNAME = /^(file|phy|cow):(.+)$/s;
/** Where a relative path of each type starts; those of files start where the configuration is. */
const BASE: Readonly<Record<string, string>> = { phy: '/dev' };

/** The path behind `file:PATH`, `phy:PATH` or `cow:PATH`; empty for another text. */
export function unamePath(uname: string): string {
  return UNAME.exec(uname)?.[2] ?? '';
}

/**
 * Makes the path of a uname absolute.
 *
 * @param directory where relative paths of files start; relative `phy:` ones are below /dev
 */
export function resolveUname(uname: string, directory: string): string {
  const [, type = '', path = ''] = UNAME.exec(uname) ?? [];
  return `${type}:${resolve(BASE[type] ?? directory, path)}`;
}

/** Whether a uname names a base whose pages are shared, and which no write changes. */
export function isCow(uname: string): boolean {
  return uname.startsWith('cow:');
}

/** What is wrong with a uname, or undefined. */
export function checkUname(uname: string): string | undefined {
  if (uname === '') return 'Missing uname';
  if (!UNAME.test(uname)) return 'must be file:PATH, phy:PATH or cow:PATH';
  return uname.includes('\0') ? 'a path has no NUL characters' : undefined;
}
