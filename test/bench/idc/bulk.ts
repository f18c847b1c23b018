// SPDX-License-Identifier: Apache-2.0
import type { RemoteBuffers } from '../../../src/idc/remote-contract.ts';

/** Bytes that are lent, and a name for them that travels. */
export interface Lent {
  readonly reference: Uint8Array;
  end(): Promise<void>;
}

/** A way for bulk from one end to the other. */
export interface Bulk {
  /** At the owner. */
  lend(bytes: number): Promise<Lent>;
  /** At the other end: copies all that a reference names. */
  fetch(reference: Uint8Array, target: Uint8Array, done: () => void): void;
}

/** Through memory that both ends are in anyway: a reference is a number. */
export function localBulk(): Bulk {
  const lent = new Map<number, Uint8Array>();
  return {
    async lend(bytes) {
      const number = lent.size;
      lent.set(number, new Uint8Array(new SharedArrayBuffer(bytes)).fill(1));
      return { reference: Uint8Array.of(number), end: async () => void lent.delete(number) };
    },
    fetch(reference, target, done) {
      target.set(lent.get(reference[0]!)!);
      done();
    },
  };
}

/** Through remote buffers: mapped for the copy, or copied by the hypercall layer chunk by chunk. */
export function remoteBulk(buffers: RemoteBuffers, by: 'copy' | 'map'): Bulk {
  return {
    async lend(bytes) {
      const buffer = await buffers.alloc(bytes);
      buffer.base.fill(1);
      const registration = buffers.register(buffer, { rights: 'read', by })!;
      return {
        reference: registration.reference,
        async end() {
          await new Promise<void>((done) => registration.unregister(done));
          await buffers.free(buffer);
        },
      };
    },
    fetch(reference, target, done) {
      buffers.receive(reference, 0, buffers.bytes.of(target), (error) => {
        if (error) throw error;
        done();
      });
    },
  };
}
