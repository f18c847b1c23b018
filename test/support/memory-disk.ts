// SPDX-License-Identifier: Apache-2.0
import { type BlockDevice, SECTOR_SIZE } from '../../src/devices/vbd/contract.ts';
import type { Data } from '../../src/devices/vbd/transfers.ts';
import { XmError } from '../../src/errors.ts';

/** A disk in memory, and what its maker can see and do. */
export interface MemoryDisk extends BlockDevice {
  /** All of its bytes. */
  readonly bytes: Uint8Array;
  /** Requests that were made, e.g. `read 0 512`, oldest first. */
  readonly requests: readonly string[];
  /** Requests that have no answer yet. */
  readonly outstanding: number;
  /** Most requests that were outstanding at a time. */
  readonly deepest: number;
  /** From now on no request is answered, until it is called with false. */
  stall(on: boolean): void;
  /** The connection ends: every request without an answer, and every later one, fails with `ENODEV`. */
  disconnect(): void;
}

/** Its requests are all of memory. */
function asBytes(data: Data): Uint8Array {
  if (!(data instanceof Uint8Array)) throw new Error('this disk is not for hidden pages');
  return data;
}

/** @param content the bytes, or how many; whole sectors */
export function createMemoryDisk(content: number | Uint8Array, options: { readonly?: boolean } = {}): MemoryDisk {
  const bytes = typeof content === 'number' ? new Uint8Array(content) : content;
  if (bytes.length % SECTOR_SIZE !== 0) throw new Error('a disk has whole sectors');
  const readonly = options.readonly ?? false;
  const requests: string[] = [];
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {});
  let open = Promise.withResolvers<void>();
  open.resolve();
  let outstanding = 0;
  let deepest = 0;

  async function request(word: string, offset: number, length: number, act: () => void): Promise<void> {
    requests.push(`${word} ${offset} ${length}`);
    if (offset % SECTOR_SIZE !== 0 || length % SECTOR_SIZE !== 0) throw new XmError('EINVAL', 'not whole sectors');
    if (offset < 0 || offset + length > bytes.length) throw new XmError('EINVAL', 'beyond the end');
    if (word !== 'read' && readonly) throw new XmError('EROFS', 'the disk is read-only');
    deepest = Math.max(deepest, ++outstanding);
    try {
      await Promise.race([gone.promise, open.promise]);
      act();
    } finally {
      outstanding--;
    }
  }

  function readInto(offset: number, target: Data): Promise<void> {
    return request('read', offset, target.length, () =>
      asBytes(target).set(bytes.subarray(offset, offset + target.length)),
    );
  }

  return {
    bytes,
    requests,
    size: bytes.length,
    readonly,
    buffer: () => undefined,
    get outstanding() {
      return outstanding;
    },
    get deepest() {
      return deepest;
    },
    readInto,
    async read(offset, length) {
      const target = new Uint8Array(length);
      await readInto(offset, target);
      return target;
    },
    write: (offset, data) => request('write', offset, data.length, () => bytes.set(asBytes(data), offset)),
    flush: () => request('flush', 0, 0, () => {}),
    discard: (offset, length) => request('discard', offset, length, () => bytes.fill(0, offset, offset + length)),
    stall(on) {
      if (!on) open.resolve();
      else open = Promise.withResolvers<void>();
    },
    disconnect: () => gone.reject(new XmError('ENODEV', 'the connection to the disk ended')),
  };
}
