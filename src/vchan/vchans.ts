// SPDX-License-Identifier: Apache-2.0
import type { Hypercalls } from '../hv/contract.ts';
import type { XenstoreClient } from '../xenstore/client-contract.ts';
import { awaitServer, openClient } from './client.ts';
import type { Vchans } from './contract.ts';
import { createDeaths, requireThere } from './deaths.ts';
import { openServer } from './server.ts';
import { vchanPath } from './store.ts';

/** The channels of one domain. */
export function createVchans(hypercalls: Hypercalls, xs: XenstoreClient): Vchans {
  const ways = { hypercalls, xs, deaths: createDeaths(xs) };
  const own = hypercalls.domid;

  return {
    async server(domid, path, sizes = {}) {
      const { channel } = await openServer(ways, domid, vchanPath(own, domid, path), sizes);
      return channel;
    },
    async *listen(domid, path, { signal, ...sizes } = {}) {
      const aborted = new Promise<void>((resolve) =>
        signal?.addEventListener('abort', () => resolve(), { once: true }),
      );
      for (let served = 0; !signal?.aborted; served++) {
        const server = await openServer(ways, domid, vchanPath(own, domid, path), sizes).catch((error: unknown) => {
          // Nobody can come any more.
          if (served > 0 && (error as { code?: string }).code === 'ESRCH') return undefined;
          throw error;
        });
        if (server === undefined) return;
        const { channel, returned } = server;
        try {
          if (!(await Promise.race([channel.opened, aborted]))) return;
          yield channel;
        } finally {
          await channel.close();
        }
        await Promise.race([returned, aborted]);
      }
    },
    async client(domid, path, { wait = false, signal } = {}) {
      const at = vchanPath(domid, own, path);
      if (wait) return awaitServer(ways, domid, at, signal);
      await requireThere(hypercalls, domid);
      return openClient(ways, domid, at);
    },
  };
}
