// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import { type StoreErrno, StoreError } from '../../xenstore/contract.ts';

/** What the operating system calls it, as `xenstore-*` print it, and what it means in a store. */
const REASONS: Readonly<Partial<Record<StoreErrno, readonly [name: string, hint: string]>>> = {
  EINVAL: [
    'Invalid argument',
    'a path has A-Z a-z 0-9 - / _ @ and no slash at its end; a permission is one of nrwb and a domain',
  ],
  ENOENT: ['No such file or directory', 'there is no such node, or no such domain'],
  EACCES: ['Permission denied', 'this connection may not do that'],
  E2BIG: ['Argument list too long', 'a message has at most 4096 bytes'],
  ENOSPC: ['No space left on device', 'a quota is used up'],
  EIO: ['Input/output error', 'the connection to the store was lost'],
};

/** A refusal's name in the operating system's words. */
export const reasonOf = (errno: StoreErrno): string => REASONS[errno]?.[0] ?? errno;

/**
 * Runs an operation; what the store refuses is told in the words of the `xenstore-*` programs, with a hint.
 * @param words what could not be done, from the errno
 * @throws XmError with the errno as its code; EAGAIN stays as it is, since a transaction starts over by it
 */
export async function refused<T>(operation: Promise<T>, words: (errno: StoreErrno) => string): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (!(error instanceof StoreError) || error.errno === 'EAGAIN') throw error;
    const hint = REASONS[error.errno]?.[1];
    throw new XmError(error.errno, words(error.errno), hint === undefined ? {} : { hint });
  }
}

/** The store's end of the connection went away. */
export const lost = (): XmError => new XmError('EIO', 'The connection to xenstore was lost.');
