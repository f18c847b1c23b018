// SPDX-License-Identifier: Apache-2.0
import { type Endpoint, REFERENCE_BYTES } from '../../../src/idc/contract.ts';
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

/** Through the memory that a connection's ends share. */
export function pooledBulk(endpoint: () => Endpoint): Bulk {
  return {
    async lend(bytes) {
      const buffer = endpoint().buffers!.alloc(bytes)!;
      buffer.bytes.fill(1);
      const registration = endpoint().buffers!.register(buffer, 'read')!;
      return {
        reference: registration.reference,
        async end() {
          await new Promise<void>((done) => registration.unregister(done));
          buffer.free();
        },
      };
    },
    fetch(reference, target, done) {
      const pin = endpoint().buffers!.pin(reference.subarray(0, REFERENCE_BYTES), 0, 'read')!;
      target.set(pin.bytes);
      pin.release();
      done();
    },
  };
}

/** Through remote buffers, which the hypervisor copies. */
export function remoteBulk(buffers: RemoteBuffers): Bulk {
  return {
    async lend(bytes) {
      const buffer = await buffers.alloc(bytes);
      buffer.base.fill(1);
      const registration = buffers.register(buffer, { rights: 'read' })!;
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
