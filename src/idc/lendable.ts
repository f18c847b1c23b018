// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { type Extent, type FrameVector, type Hypercalls, orderFor, PAGE_SIZE } from '../hv/contract.ts';
import type { Lender, LendOptions, Registration } from '../hv/lending-contract.ts';
import type { Bytes } from './buffers/bytes.ts';
import type { LocalBuffer } from './buffers/contract.ts';
import { localBuffer } from './buffers/local-buffer.ts';
import type { Pages } from './buffers/pages.ts';
import type { LendingPool, RegisterOptions } from './remote-contract.ts';

/** An extent, and how many registrations there are on each of its pages. */
interface Memory {
  readonly extent: Extent;
  readonly lent: Uint16Array;
}

/** Memory of a domain that can be lent, as local buffers. */
export interface Lendable {
  alloc(length: number): Promise<LocalBuffer<Uint8Array>>;
  free(buffer: LocalBuffer<Uint8Array>): Promise<void>;
  pool(length: number): Promise<LendingPool>;
  /** @throws XmError `EINVAL` for a buffer that is neither of this memory nor hidden pages */
  register(lender: Lender, buffer: LocalBuffer, options: RegisterOptions): Registration | undefined;
}

export function createLendable(hypercalls: Hypercalls, { type }: Bytes, pages: Pages): Lendable {
  const memories = new WeakMap<ArrayBufferLike, Memory>();

  async function take(length: number): Promise<Memory> {
    const extent = await hypercalls.memory.alloc(orderFor(length));
    const memory: Memory = { extent, lent: new Uint16Array(2 ** extent.order) };
    memories.set(extent.buffer, memory);
    return memory;
  }

  function isBytes(buffer: LocalBuffer): buffer is LocalBuffer<Uint8Array> {
    return buffer.type === type;
  }

  function isPages(buffer: LocalBuffer): buffer is LocalBuffer<FrameVector> {
    return buffer.type === pages.type;
  }

  /** Where a buffer lies. */
  function placeOf(buffer: LocalBuffer): { readonly memory: Memory; readonly offset: number } {
    const memory = isBytes(buffer) ? memories.get(buffer.base.buffer) : undefined;
    if (memory === undefined || !isBytes(buffer)) {
      throw new XmError('EINVAL', `a buffer of type ${buffer.type.name} that was not allocated to be lent`);
    }
    return { memory, offset: buffer.base.byteOffset + buffer.offset };
  }

  return {
    async alloc(length) {
      const { extent } = await take(length);
      return localBuffer(type, new Uint8Array(extent.buffer), 0, length);
    },
    async free(buffer) {
      const { extent } = placeOf(buffer).memory;
      await hypercalls.memory.free(extent);
      memories.delete(extent.buffer);
    },
    async pool(length) {
      const memory = await take(length);
      const base = new Uint8Array(memory.extent.buffer);
      return createPool(
        memory,
        (offset, size) => localBuffer(type, base, offset, size),
        () => {
          // Refused only when the domain is ending, and all of its memory with it.
          hypercalls.memory.free(memory.extent).catch(() => {});
        },
      );
    },
    register(lender, buffer, { rights, by = 'copy', fill }) {
      if (isPages(buffer)) {
        const { base, offset, length } = buffer;
        return lender.register(base, { rights, offset, length, ...(fill && { fill: fillOf(fill) }) });
      }
      const { memory, offset } = placeOf(buffer);
      const { length } = buffer;
      const range = { rights, by, offset, length };
      const options: LendOptions = fill === undefined ? range : { ...range, fill: fillOf(fill) };
      const registration = lender.register(memory.extent, options);
      if (registration === undefined) return undefined;
      count(memory.lent, offset, length, 1);
      return {
        reference: registration.reference,
        unregister: (done) =>
          registration.unregister(() => {
            count(memory.lent, offset, length, -1);
            done();
          }),
      };
    },
  };

  function fillOf({ map, onFilled }: NonNullable<RegisterOptions['fill']>) {
    const { memory, offset } = placeOf(map);
    return { extent: memory.extent, offset, onFilled };
  }
}

function count(lent: Uint16Array, offset: number, length: number, change: number): void {
  const end = pagesUpTo(offset + length);
  for (let page = Math.floor(offset / PAGE_SIZE); page < end; page++) lent[page]! += change;
}

/** First fit over pages; a page belongs to one part at most, so nothing else is lent with it (XSA-403). */
function createPool(
  { lent }: Memory,
  part: (offset: number, length: number) => LocalBuffer<Uint8Array>,
  giveUp: () => void,
): LendingPool {
  const used = new Uint8Array(lent.length);
  /** Those that are out. */
  const parts = new Set<LocalBuffer>();
  let closed = false;

  function find(count: number): number | undefined {
    let run = 0;
    for (let page = 0; page < used.length; page++) {
      run = used[page] === 0 ? run + 1 : 0;
      if (run === count) return page - count + 1;
    }
    return undefined;
  }

  return {
    alloc(length) {
      const pages = Math.max(1, pagesUpTo(length));
      const first = closed ? undefined : find(pages);
      if (first === undefined) return undefined;
      used.fill(1, first, first + pages);
      const made = part(first * PAGE_SIZE, length);
      parts.add(made);
      return made;
    },
    free(made) {
      const first = made.offset / PAGE_SIZE;
      const end = first + Math.max(1, pagesUpTo(made.length));
      for (let page = first; page < end; page++) if (lent[page] !== 0) throw new Error('a part that is lent');
      if (!parts.delete(made)) throw new Error('no part of this pool, or given back before');
      used.fill(0, first, end);
      if (closed && parts.size === 0) giveUp();
    },
    close() {
      if (closed) return;
      closed = true;
      if (parts.size === 0) giveUp();
    },
  };
}

const pagesUpTo = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE);
