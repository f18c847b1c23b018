// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

const UNAME = /^(file|phy):(.+)$/s;
/** Where a relative path of each type starts; `file:` ones start where the configuration is. */
const BASE: Readonly<Record<string, string>> = { phy: '/dev' };

/** The path behind `file:PATH` or `phy:PATH`; empty for another text. */
export function unamePath(uname: string): string {
  return UNAME.exec(uname)?.[2] ?? '';
}

/**
 * Makes the path of a uname absolute.
 *
 * @param directory where relative `file:` paths start; relative `phy:` ones are below /dev
 */
export function resolveUname(uname: string, directory: string): string {
  const [, type = '', path = ''] = UNAME.exec(uname) ?? [];
  return `${type}:${resolve(BASE[type] ?? directory, path)}`;
}

/** What is wrong with a uname, or undefined. */
export function checkUname(uname: string): string | undefined {
  if (uname === '') return 'Missing uname';
  if (!UNAME.test(uname)) return 'must be file:PATH or phy:PATH';
  return uname.includes('\0') ? 'a path has no NUL characters' : undefined;
}
