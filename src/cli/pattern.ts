// SPDX-License-Identifier: Apache-2.0
import { messageOf, XmError } from '../errors.ts';

/**
 * A regular expression that a user typed, in which `^` and `$` stand for the ends of lines.
 *
 * @param flags beside `m`
 * @throws XmError `EPATTERN` when it is none.
 */
export function readPattern(text: string, flags = ''): RegExp {
  try {
    return new RegExp(text, `m${flags}`);
  } catch (cause) {
    throw new XmError('EPATTERN', `'${text}' is not a regular expression: ${messageOf(cause)}.`, { cause });
  }
}
