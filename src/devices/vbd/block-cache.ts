// SPDX-License-Identifier: Apache-2.0
import type { FrameVector } from '../../hv/contract.ts';
import type { Done, LocalBuffer } from '../../idc/buffers/contract.ts';
import { slice } from '../../idc/buffers/local-buffer.ts';
import type { RemoteBuffers } from '../../idc/remote-contract.ts';
import type { PageRoom } from './page-room.ts';

/** Bytes that are read and kept together: what one request asks for at most, and what is shared by one count. */
export const BLOCK_BYTES = 256 * 1024;

/** A file that is read through the cache. It is not written to meanwhile. */
export interface CachedFile {
  /**
   * Works with a range of the file, up to the end of its block. What `work` gets stays as it is until it calls its `done`,
   * and whoever was sent its pages has them for ever.
   *
   * @param done told what `work` says, or that the file cannot be read
   */
  use(position: number, length: number, work: (part: LocalBuffer, done: Done) => void, done: Done): void;
  /** Drops its blocks, which nobody uses. */
  close(): void;
}

/** Blocks of files in hidden pages: the cache of a back-end domain. The ones that were not used for longest make room for others. */
export interface BlockCache {
  /** @param size bytes */
  open(fd: number, size: number): CachedFile;
}

interface Block {
  readonly home: Map<number, Block>;
  readonly index: number;
  /** Undefined while they are read. */
  pages: LocalBuffer<FrameVector> | undefined;
  /** Those who use it now, or wait for it: it stays. */
  users: number;
  /** Those who wait until it was read, or cannot be. */
  readonly waiting: ((failure: unknown, content: LocalBuffer | undefined) => void)[];
}

/** @param room what the cache may take, nobody else's */
export function createBlockCache({ types, file: files }: RemoteBuffers, room: PageRoom): BlockCache {
  /** Those that were read, the one that was used last at the end. */
  const recent = new Set<Block>();

  function drop(block: Block): void {
    recent.delete(block);
    block.home.delete(block.index);
    if (block.pages !== undefined) room.give(block.pages);
  }

  function evict(): boolean {
    for (const block of recent) {
      if (block.users > 0) continue;
      drop(block);
      return true;
    }
    return false;
  }

  function takePages(done: (pages: LocalBuffer<FrameVector> | undefined) => void): void {
    room.take(BLOCK_BYTES, (pages) => {
      if (pages === undefined && evict()) takePages(done);
      else done(pages);
    });
  }

  function settle(block: Block, failure: unknown, content: LocalBuffer | undefined): void {
    for (const told of block.waiting.splice(0)) told(failure, content);
  }

  function load(block: Block, content: LocalBuffer): void {
    takePages((pages) => {
      if (pages === undefined) {
        // All of it is in use, or the domain has no memory left: it is read past the cache.
        drop(block);
        settle(block, undefined, content);
        return;
      }
      types.copy(content, pages, (error) => {
        if (error) {
          room.give(pages);
          drop(block);
          settle(block, error, undefined);
          return;
        }
        block.pages = pages;
        settle(block, undefined, pages);
      });
    });
  }

  return {
    open(fd, fileSize) {
      const home = new Map<number, Block>();
      return {
        use(position, length, work, done) {
          const index = Math.floor(position / BLOCK_BYTES);
          const start = index * BLOCK_BYTES;
          const size = Math.min(BLOCK_BYTES, fileSize - start);
          const found = home.get(index);
          const block = found ?? { home, index, pages: undefined, users: 0, waiting: [] };

          const end: Done = (error, bytes) => {
            block.users--;
            done(error, bytes);
          };

          function workWith(content: LocalBuffer): void {
            // Last again.
            recent.delete(block);
            if (block.pages !== undefined) recent.add(block);
            work(slice(content, position - start, Math.min(length, start + size - position)), end);
          }

          block.users++;
          if (block.pages !== undefined) {
            workWith(block.pages);
            return;
          }
          block.waiting.push((failure, content) => (content === undefined ? end(failure, 0) : workWith(content)));
          if (found !== undefined) return;
          home.set(index, block);
          load(block, files.of(fd, start, size));
        },
        close() {
          for (const block of home.values()) drop(block);
        },
      };
    },
  };
}
