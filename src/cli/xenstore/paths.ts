// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../failure.ts';

/** @throws XmError for a relative path, in the words of `xenstore-chmod`: a way up from it ends nowhere */
export function mustBeAbsolute(path: string): void {
  if (path.startsWith('/')) return;
  throw usageError(
    `Unable to locate path separator '/' in '${path.split('/')[0]}'`,
    'the way up needs an absolute path',
  );
}

/** The node above as it is written, or undefined at the top and where a relative path begins. */
function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  return slash > 0 ? path.slice(0, slash) : undefined;
}

/** The nodes above, nearest first, without the root. */
export function* parentsOf(path: string): Generator<string> {
  for (let above = parentOf(path); above !== undefined; above = parentOf(above)) yield above;
}
