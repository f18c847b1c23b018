// SPDX-License-Identifier: Apache-2.0
import type { RemoteBuffers } from '../../idc/remote-contract.ts';
import { type BlockCache, type CachedFile, createBlockCache } from './block-cache.ts';
import type { Wanted } from './failure.ts';
import { closeFile, openContent } from './image.ts';
import { createPageRoom, type Means, type PageRoom } from './page-room.ts';

const MIB = 2 ** 20;
/** Bytes of the cache of a back-end domain. */
const CACHE_BYTES = 32 * MIB;
/** Bytes that all who write to `cow:` disks may take of a back-end domain, so that other back ends in it have some too. */
const OVERLAY_BYTES = 256 * MIB;

/** The file that `cow:` disks begin with, as one of them has it. */
export interface Base {
  /** Bytes. */
  readonly size: number;
  readonly file: CachedFile;
  /** For what is written. */
  readonly room: PageRoom;
  /** Once; when the last disk has closed it, it is forgotten. */
  close(): Promise<void>;
}

interface Shared {
  readonly fd: number;
  readonly file: CachedFile;
  users: number;
}

/** What the disks of a back-end domain share. */
interface Common {
  readonly cache: BlockCache;
  readonly room: PageRoom;
  /** By identity. */
  readonly bases: Map<string, Shared>;
}

/** By the remote buffers that a domain has: several domains may be served in one thread. */
const domains = new WeakMap<RemoteBuffers, Common>();

function commonOf(means: Means): Common {
  const known = domains.get(means.buffers);
  if (known !== undefined) return known;
  const cache = createBlockCache(means.buffers, createPageRoom(means, CACHE_BYTES));
  const common = { cache, room: createPageRoom(means, OVERLAY_BYTES), bases: new Map() };
  domains.set(means.buffers, common);
  return common;
}

/**
 * Opens a base. Disks of the same back-end domain that name the same file read it once.
 *
 * @throws XmError when there is no such file, it may not be read, or its size is not one of whole sectors
 */
export async function openBase(wanted: Wanted, means: Means): Promise<Base> {
  const { fd, size, identity } = await openContent({ ...wanted, writable: false });
  const { bases, cache, room } = commonOf(means);
  let shared = bases.get(identity);
  if (shared === undefined) {
    shared = { fd, file: cache.open(fd, size), users: 1 };
    bases.set(identity, shared);
  } else {
    shared.users++;
    await closeFile(fd);
  }
  const { file } = shared;
  return {
    size,
    file,
    room,
    async close() {
      if (--shared.users > 0) return;
      bases.delete(identity);
      file.close();
      await closeFile(shared.fd);
    },
  };
}
