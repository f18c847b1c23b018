// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { DomId, Hypercalls } from '../hv/contract.ts';
import type { StoreWatch, XenstoreClient } from '../xenstore/client-contract.ts';

/** Tells of domains that end: an event channel whose other end dies says nothing. */
export interface Deaths {
  /** Calls `listener` when some domain has ended, or in vain. @returns the end of it */
  watch(listener: () => void): Promise<() => void>;
}

/** One watch of the store for all who want to know. */
export function createDeaths(xs: XenstoreClient): Deaths {
  const listeners = new Set<() => void>();
  let watch: StoreWatch | undefined;

  function leave(listener: () => void): void {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    void watch?.close();
    watch = undefined;
  }

  return {
    async watch(listener) {
      listeners.add(listener);
      watch ??= xs.watch('@releaseDomain', {
        listener() {
          for (const one of [...listeners]) one();
        },
      });
      try {
        await watch.ready;
      } catch (error) {
        leave(listener);
        throw error;
      }
      return () => leave(listener);
    },
  };
}

/**
 * Whether there is such a domain. Port 0 is nobody's, so the answer tells only that.
 */
export async function isThere({ evtchn }: Hypercalls, domid: DomId): Promise<boolean> {
  try {
    await evtchn.close(await evtchn.bindInterdomain(domid, 0));
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== 'ESRCH';
  }
}

/** @throws XmError `ESRCH` when there is no such domain */
export async function requireThere(hypercalls: Hypercalls, domid: DomId): Promise<void> {
  if (!(await isThere(hypercalls, domid))) throw new XmError('ESRCH', `There is no domain ${domid}`);
}
