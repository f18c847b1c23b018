// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { XmError } from '../errors.ts';

/**
 * The file that a user means, for xend, which has another working directory.
 *
 * @throws XmError `EFILE` for no name at all, which would be the directory itself
 */
export function absolutePath(typed: string): string {
  if (typed === '') throw new XmError('EFILE', 'The name of a file must not be empty.');
  return resolve(typed);
}
