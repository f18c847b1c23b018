// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { type BorrowedBuffer, CHUNK_BYTES, type Refusal } from '../hv/lending-contract.ts';
import { type Bytes, viewOf } from './buffers/bytes.ts';
import type { BufferType, BufferTypes, Done } from './buffers/contract.ts';
import { moveAll } from './buffers/drive.ts';
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

/** Registers what others lend as a type of buffers: the base is borrowed, and every touch of it may find it gone. */
export function registerRemote(types: BufferTypes, bytes: Bytes, name = 'remote'): BufferType<BorrowedBuffer> {
  const type = types.register<BorrowedBuffer>({
    name,
    copyToStack: (base, offset, stack, _length, done) => settle(base.read(offset, stack), done),
    copyFromStack: (base, offset, stack, _length, done) => settle(base.write(offset, stack), done),
  });
  types.pair(type, bytes.type, (source, target, done) => {
    const view = viewOf(target.base, target.offset, target.length);
    const move = (at: number, most: number, complete: Done): void =>
      settle(source.base.read(source.offset + at, view.subarray(at, at + Math.min(most, CHUNK_BYTES))), complete);
    moveAll(target.length, move, done);
  });
  types.pair(bytes.type, type, (source, target, done) => {
    const view = viewOf(source.base, source.offset, source.length);
    const move = (at: number, most: number, complete: Done): void =>
      settle(target.base.write(target.offset + at, view.subarray(at, at + Math.min(most, CHUNK_BYTES))), complete);
    moveAll(source.length, move, done);
  });
  return type;
}

/** Registers hidden pages that others lend: as {@link registerRemote}, but they share pages with those of this domain. */
export function registerRemotePages(types: BufferTypes, bytes: Bytes, pages: Pages): BufferType<BorrowedBuffer> {
  const type = registerRemote(types, bytes, 'remote pages');
  types.pair(type, pages.type, ({ base, offset, length }, target, done) => {
    const move = (at: number, most: number, complete: Done): void =>
      settle(base.exchange('read', offset + at, target.base, target.offset + at, most, pages.sharing), complete);
    moveAll(length, move, done);
  });
  types.pair(pages.type, type, (source, { base, offset, length }, done) => {
    const move = (at: number, most: number, complete: Done): void =>
      settle(base.exchange('write', offset + at, source.base, source.offset + at, most, pages.sharing), complete);
    moveAll(length, move, done);
  });
  return type;
}
