// SPDX-License-Identifier: Apache-2.0
import type { StoreWatch, WatchOptions, XenstoreAccess, XenstoreClient } from './client-contract.ts';
import { createWatchHandle, type WatchHandle } from './client-watch.ts';
import { toBinary, toBytes, toText } from './codec.ts';
import { StoreError } from './contract.ts';
import type { StoreOp } from './messages.ts';

/** How a client's requests get to the store. */
export interface Transport {
  /** Rejects with a StoreError; EIO when the connection ended. Requests take effect in the order of the calls. */
  request(op: StoreOp, args: readonly unknown[], tx: number): Promise<unknown>;
  close(): void;
  /** Resolves when the connection ended. */
  readonly closed: Promise<void>;
}

const DEFAULT_RETRIES = 64;
const isErrno = (error: unknown, errno: string): boolean => error instanceof StoreError && error.errno === errno;

function createAccess(request: Transport['request'], tx: number): XenstoreAccess {
  const binary = async (path: string) => (await request('read', [path], tx)) as string;
  return {
    read: async (path) => toText(await binary(path)),
    readBuffer: async (path) => toBytes(await binary(path)),
    async write(path, value) {
      await request('write', [path, toBinary(value)], tx);
    },
    async mkdir(path) {
      await request('mkdir', [path], tx);
    },
    ls: async (path) => (await request('directory', [path], tx)) as readonly string[],
    exists: (path) =>
      binary(path).then(
        () => true,
        (error) => {
          if (isErrno(error, 'ENOENT')) return false;
          throw error;
        },
      ),
    async rm(path) {
      await request('rm', [path], tx);
    },
    getPerms: async (path) => (await request('getPerms', [path], tx)) as readonly string[],
    async setPerms(path, perms) {
      await request('setPerms', [path, perms], tx);
    },
  };
}

/**
 * The client over some transport.
 * @param open makes the transport; it gets the function to call for each watch event
 */
export function createClient(open: (onEvent: (path: string, token: string) => void) => Transport): XenstoreClient {
  const watches = new Map<string, WatchHandle>();
  const transport = open((path, token) => watches.get(token)?.event(path));
  const { request } = transport;
  let lastToken = 0;
  let closedHere = false;

  const closed = transport.closed.then(() => {
    for (const watch of watches.values()) watch.lost(closedHere);
    watches.clear();
  });

  function watch(path: string, { depth, listener }: WatchOptions = {}): StoreWatch {
    const token = String(++lastToken);
    const args = depth === undefined ? [path, token] : [path, token, depth];
    const ready = request('watch', args, 0).then(() => {});
    const handle = createWatchHandle(
      path,
      ready,
      async () => {
        watches.delete(token);
        // A watch that never was, or whose connection is gone, needs no removal.
        await ready.then(() => request('unwatch', [path, token], 0)).catch(() => {});
      },
      listener,
    );
    watches.set(token, handle);
    return handle;
  }

  async function attempt<T>(body: (tx: XenstoreAccess) => Promise<T>): Promise<T> {
    const tx = (await request('transactionStart', [], 0)) as number;
    try {
      const result = await body(createAccess(request, tx));
      await request('transactionEnd', [true], tx);
      return result;
    } catch (error) {
      // After a failed commit there is nothing to abort, and after a failed body its own error matters.
      await request('transactionEnd', [false], tx).catch(() => {});
      throw error;
    }
  }

  return {
    ...createAccess(request, 0),
    watch,
    async transaction(body, { retries = DEFAULT_RETRIES } = {}) {
      for (let left = retries; ; left--) {
        try {
          return await attempt(body);
        } catch (error) {
          if (!isErrno(error, 'EAGAIN') || left <= 0) throw error;
        }
      }
    },
    domainPath: async (domid) => (await request('getDomainPath', [domid], 0)) as string,
    close() {
      closedHere = true;
      transport.close();
    },
    closed,
  };
}
