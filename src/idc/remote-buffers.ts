// SPDX-License-Identifier: Apache-2.0
import type { Hypercalls } from '../hv/contract.ts';
import type { BorrowedBuffer, PinnedBuffer } from '../hv/lending-contract.ts';
import type { Done, LocalBuffer } from './buffers/contract.ts';
import { localBuffer, slice } from './buffers/local-buffer.ts';
import { createStandardBuffers } from './buffers/standard.ts';
import { createLendable } from './lendable.ts';
import type { RemoteBuffers } from './remote-contract.ts';
import { refused, registerRemote, registerRemotePages } from './remote-type.ts';

/** The remote buffers of one domain, over its hypercalls. */
export function createRemoteBuffers(hypercalls: Hypercalls): RemoteBuffers {
  const { lending } = hypercalls;
  const standard = createStandardBuffers();
  const { types, bytes, pages } = standard;
  const remote = registerRemote(types, bytes);
  const remotePages = registerRemotePages(types, bytes, pages);
  const lendable = createLendable(hypercalls, bytes, pages);
  let moved = 0;

  const counting =
    (done: Done): Done =>
    (error, count) => {
      moved += count;
      done(error, count);
    };

  /** Copies between something here and `length` bytes of what a reference names, which `copy` gets as a local buffer. */
  function transfer(
    reference: Uint8Array,
    right: 'read' | 'write',
    offset: number,
    length: number,
    copy: (there: LocalBuffer, done: Done) => void,
    done: Done,
  ): void {
    lending.open(reference, 0, (borrowed) => {
      if (borrowed === undefined) done(refused('gone'), 0);
      else if (!isWithin(borrowed, offset, length)) done(refused('range'), 0);
      else if (borrowed.mappable) borrowed.pin(right, (pinned) => withBytes(pinned));
      else copy(localBuffer(borrowed.paged ? remotePages : remote, borrowed, offset, length), done);
    });

    /** The real bytes are here: whatever knows a fast way to or from memory takes it. */
    function withBytes(pinned: PinnedBuffer | Parameters<typeof refused>[0]): void {
      if (typeof pinned === 'string') {
        done(refused(pinned), 0);
        return;
      }
      copy(slice(bytes.of(pinned.bytes), offset, length), (error, count) => {
        if (right === 'write') pinned.filled(offset, count);
        pinned.release();
        done(error, count);
      });
    }
  }

  return {
    ...standard,
    alloc: lendable.alloc,
    free: lendable.free,
    pool: lendable.pool,
    register: (buffer, options) => lendable.register(lending, buffer, options),
    reserve(count) {
      const registrar = lending.reserve(count);
      return {
        register: (buffer, options) => lendable.register(registrar, buffer, options),
        get inUse() {
          return registrar.inUse;
        },
        close: registrar.close,
      };
    },
    send(source, reference, offset, done) {
      const copy = (there: LocalBuffer, end: Done): void => types.copy(source, there, end);
      transfer(reference, 'write', offset, source.length, copy, counting(done));
    },
    receive(reference, offset, target, done) {
      const copy = (there: LocalBuffer, end: Done): void => types.copy(there, target, end);
      transfer(reference, 'read', offset, target.length, copy, counting(done));
    },
    moved: () => moved,
    pin: lending.pin,
    attenuate(reference, limits) {
      return new Promise((resolve) => {
        lending.open(reference, 0, (borrowed) => resolve(borrowed?.attenuate(limits) ?? 'gone'));
      });
    },
  };
}

function isWithin(borrowed: BorrowedBuffer, offset: number, length: number): boolean {
  return Number.isSafeInteger(offset) && offset >= 0 && offset + length <= borrowed.length;
}
