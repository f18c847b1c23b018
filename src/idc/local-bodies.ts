// SPDX-License-Identifier: Apache-2.0
import type { LocalBuffer } from './buffers/contract.ts';
import { slice } from './buffers/local-buffer.ts';
import type { StandardBuffers } from './buffers/standard.ts';
import { TRANSPORT } from './contract.ts';

/** What an endpoint sends from local buffers, and what it has received as such (spec/idc.md 1.3, rule 40). */
export interface LocalBodies {
  /**
   * Copies what is to be submitted to private memory. Memory is copied before this returns. Without a connection nothing is
   * read: nobody will see the bytes.
   *
   * @param submit given the bytes
   * @param fail given a {@link TRANSPORT} value, never before this returns; a function for this alone
   * @throws RangeError when it is longer than a body
   */
  gather(source: LocalBuffer, submit: (bytes: Uint8Array) => void, fail: (transport: number) => void): void;
  /** The connection is over: ends what is being copied. What its source still gives is thrown away. */
  close(): void;
  /** The first `length` of `bytes`. */
  bufferOf(bytes: Uint8Array, length: number): LocalBuffer<Uint8Array>;
}

/**
 * @param buffers that the endpoint knows; without any, all of this throws
 * @param connected whether there is anybody to submit to
 */
export function createLocalBodies(
  buffers: StandardBuffers | undefined,
  bodyBytes: number,
  connected: () => boolean,
): LocalBodies {
  const copying = new Set<(transport: number) => void>();

  function known(): StandardBuffers {
    if (buffers === undefined) throw new Error('an endpoint without buffers has bytes only');
    return buffers;
  }

  return {
    gather(source, submit, fail) {
      const { types, bytes } = known();
      if (source.length > bodyBytes) throw new RangeError(`at most ${bodyBytes} bytes`);
      const copy = new Uint8Array(source.length);
      if (!connected()) {
        submit(copy);
        return;
      }
      copying.add(fail);
      types.copy(source, bytes.of(copy), (error) => {
        if (error === undefined || error === null) {
          if (copying.delete(fail)) submit(copy);
          return;
        }
        // Not at once: who tries again in the callback must neither recurse nor starve the thread.
        setImmediate(() => {
          if (copying.delete(fail)) fail(TRANSPORT.unreadable);
        });
      });
    },
    close() {
      for (const fail of copying) {
        copying.delete(fail);
        fail(TRANSPORT.disconnected);
      }
    },
    bufferOf: (bytes, length) => slice(known().bytes.of(bytes), 0, length),
  };
}
