// SPDX-License-Identifier: Apache-2.0
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FrameUsage, FrameVector } from '../../../../src/hv/contract.ts';
import { createFrames } from '../../../../src/hv/frames.ts';
import { openFramePool } from '../../../../src/hv/frames-pool.ts';
import { createDomainMemory } from '../../../../src/hv/memory.ts';
import type { BufferType, BufferTypes, LocalBuffer, Provider } from '../../../../src/idc/buffers/contract.ts';
import { localBuffer, slice } from '../../../../src/idc/buffers/local-buffer.ts';
import type { PagePool, Pages } from '../../../../src/idc/buffers/pages.ts';
import { createStandardBuffers, type StandardBuffers } from '../../../../src/idc/buffers/standard.ts';
import { MACHINE_MEMORY } from '../../../support/hv-machine.ts';

/** A buffer with known content, and what all of it holds, seen without the code under test where that is possible. */
export interface Made {
  readonly buffer: LocalBuffer;
  content(): Promise<Uint8Array>;
}

export interface Rig extends StandardBuffers {
  /** Makes a buffer of each type with the content given, by the name of the type. */
  readonly make: Readonly<Record<string, (content: Uint8Array, start?: number) => Promise<Made>>>;
  readonly reversed: BufferType<Uint8Array>;
  readonly store: Store;
  readonly pool: PagePool;
  /** A new empty file, closed at the end. */
  openFile(): number;
  [Symbol.dispose](): void;
}

/** A third-party provider that has no more than its duty: bytes that are stored from the last to the first. */
export function reversedProvider(calls: { count: number } = { count: 0 }): Provider<Uint8Array> {
  return {
    name: 'reversed',
    copyToStack(base, offset, stack, length, done) {
      calls.count++;
      for (let index = 0; index < length; index++) stack[index] = base[base.length - 1 - offset - index]!;
      done(undefined, length);
    },
    copyFromStack(base, offset, stack, length, done) {
      calls.count++;
      for (let index = 0; index < length; index++) base[base.length - 1 - offset - index] = stack[index]!;
      done(undefined, length);
    },
  };
}

export type Outcome = { readonly error: unknown; readonly bytes: number };

/** Runs `copy` or `move` and waits for it. */
export function run(
  types: BufferTypes,
  verb: 'copy' | 'move',
  source: LocalBuffer,
  target: LocalBuffer,
): Promise<Outcome> {
  return new Promise((resolve) => types[verb](source, target, (error, bytes) => resolve({ error, bytes })));
}

/** Copies; throws what went wrong. */
export async function copied(types: BufferTypes, source: LocalBuffer, target: LocalBuffer): Promise<void> {
  const { error } = await run(types, 'copy', source, target);
  if (error !== undefined) throw error;
}

export function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7 + seed * 101) & 255);
}

/** What a hidden buffer holds, copied out. */
export async function look(types: BufferTypes, bytes: StandardBuffers['bytes'], buffer: LocalBuffer) {
  const seen = new Uint8Array(buffer.length);
  await copied(types, buffer, bytes.of(seen));
  return seen;
}

/** A machine's hidden pages, each pool a domain's. */
export interface Store {
  /** @param quota pages */
  pool(quota: number): PagePool;
  usage(): FrameUsage;
  /** Recounts all references; returns what is wrong, in words. */
  check(): readonly string[];
}

/**
 * @param ownThread false: the operating system gets none of the pages
 * @param most bytes of the machine
 */
export function createStore(pages: Pages, ownThread = true, most = MACHINE_MEMORY): Store {
  const frames = createFrames(most);
  let domid = 0;
  return {
    ...frames,
    pool(quota) {
      const domain = { domid: ++domid, memory: createDomainMemory(quota), ownThread };
      return pages.pool(openFramePool(frames.createPool(domain, quota)));
    },
  };
}

/** All types of buffers; `quota` in pages. */
export function createRig(quota = 4096, sharing = true): Rig {
  const standard = createStandardBuffers({ sharing });
  const { types, bytes, pages, file } = standard;
  const reversed = types.register(reversedProvider());
  const store = createStore(pages);
  const pool = store.pool(quota);
  const directory = mkdtempSync(join(tmpdir(), 'idc-buffers-'));
  const opened: number[] = [];

  function openFile(): number {
    const fd = openSync(join(directory, `${opened.length}`), 'w+');
    opened.push(fd);
    return fd;
  }

  async function memory(array: Uint8Array, content: Uint8Array): Promise<Made> {
    array.set(content);
    return { buffer: bytes.of(array), content: async () => array.slice() };
  }

  return {
    ...standard,
    reversed,
    store,
    pool,
    openFile,
    make: {
      bytes: (content) => memory(new Uint8Array(content.length), content),
      'shared bytes': (content) => memory(new Uint8Array(new SharedArrayBuffer(content.length)), content),
      async pages(content, start = 0) {
        const buffer: LocalBuffer<FrameVector> = pool.alloc(content.length, start)!;
        await copied(types, bytes.of(content), buffer);
        return { buffer, content: () => look(types, bytes, buffer) };
      },
      async file(content, start = 0) {
        const fd = openFile();
        writeSync(fd, content, 0, content.length, start);
        return {
          buffer: file.of(fd, start, content.length),
          async content() {
            const seen = new Uint8Array(content.length);
            readSync(fd, seen, 0, seen.length, start);
            return seen;
          },
        };
      },
      async reversed(content) {
        const base = content.slice().reverse();
        return {
          buffer: localBuffer(reversed, base, 0, base.length),
          content: async () => base.slice().reverse(),
        };
      },
      async stack(content) {
        const buffer = slice(types.takeStack(), 0, content.length);
        buffer.base.set(content);
        return { buffer, content: async () => buffer.base.slice(0, content.length) };
      },
    },
    [Symbol.dispose]() {
      for (const fd of opened) closeSync(fd);
      rmSync(directory, { recursive: true });
    },
  };
}

export const KINDS = ['bytes', 'shared bytes', 'pages', 'file', 'reversed', 'stack'] as const;
