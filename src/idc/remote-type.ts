// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { type BorrowedBuffer, CHUNK_BYTES, type Refusal } from '../hv/lending-contract.ts';
import { type Bytes, viewOf } from './buffers/bytes.ts';
import type { BufferType, BufferTypes, Done } from './buffers/contract.ts';
import type { Pages } from './buffers/pages.ts';

const REFUSED: Readonly<Record<Refusal, readonly [code: string, text: string]>> = {
  gone: ['ESTALE', 'the reference names nothing (any more)'],
  denied: ['EACCES', 'the reference does not give this right'],
  range: ['ERANGE', 'this is not within what the reference names'],
};

/** What people are told of a refusal. */
export function refused(refusal: Refusal): XmError {
  const [code, text] = REFUSED[refusal];
  return new XmError(code, text);
}

/** Ends a step that was done at once. */
function settle(outcome: number | Refusal, done: Done): void {
  if (typeof outcome === 'number') done(undefined, outcome);
  else done(refused(outcome), 0);
}

/**
 * Moves `length` bytes, each step at once, by as many steps as it takes.
 *
 * @param step moves up to `most` bytes at `at` bytes from the start, but not none
 */
function moveNow(length: number, step: (at: number, most: number) => number | Refusal, done: Done): void {
  let moved = 0;
  let failure: unknown;
  try {
    while (moved < length && failure === undefined) {
      const outcome = step(moved, length - moved);
      if (typeof outcome === 'number') moved += outcome;
      else failure = refused(outcome);
    }
  } catch (thrown) {
    failure = thrown;
  }
  done(failure, moved);
}

/** Registers what others lend as a type of buffers: the base is borrowed, and every touch of it may find it gone. */
export function registerRemote(types: BufferTypes, bytes: Bytes, name = 'remote'): BufferType<BorrowedBuffer> {
  const type = types.register<BorrowedBuffer>({
    name,
    copyToStack: (base, offset, stack, _length, done) => settle(base.read(offset, stack), done),
    copyFromStack: (base, offset, stack, _length, done) => settle(base.write(offset, stack), done),
  });
  types.pair(type, bytes.type, ({ base, offset, length }, target, done) => {
    const view = viewOf(target.base, target.offset, length);
    moveNow(length, (at, most) => base.read(offset + at, chunkOf(view, at, most)), done);
  });
  types.pair(bytes.type, type, (source, { base, offset, length }, done) => {
    const view = viewOf(source.base, source.offset, length);
    moveNow(length, (at, most) => base.write(offset + at, chunkOf(view, at, most)), done);
  });
  return type;
}

const chunkOf = (view: Uint8Array, at: number, most: number): Uint8Array =>
  view.subarray(at, at + Math.min(most, CHUNK_BYTES));

/** Registers hidden pages that others lend: as {@link registerRemote}, but they share pages with those of this domain. */
export function registerRemotePages(types: BufferTypes, bytes: Bytes, pages: Pages): BufferType<BorrowedBuffer> {
  const type = registerRemote(types, bytes, 'remote pages');
  const { sharing } = pages;
  types.pair(type, pages.type, ({ base, offset, length }, { base: to, offset: start }, done) => {
    moveNow(length, (at, most) => base.exchange('read', offset + at, to, start + at, most, sharing), done);
  });
  types.pair(pages.type, type, ({ base: from, offset: start }, { base, offset, length }, done) => {
    moveNow(length, (at, most) => base.exchange('write', offset + at, from, start + at, most, sharing), done);
  });
  return type;
}
