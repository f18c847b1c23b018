// SPDX-License-Identifier: Apache-2.0
import { type Hypercalls, VIRQ } from '../hv/contract.ts';

/** Rings a domain's channels when VIRQ_ARGO comes. */
export interface ArgoBell {
  /** Calls `look` soon, and whenever a message or room for one may have come, until the function it returns is called. */
  listen(look: () => void): () => void;
  /** Blocks the thread until VIRQ_ARGO comes, or for `timeout` milliseconds. The other channels look when the thread yields. */
  wait(timeout: number): void;
}

/** The bell of a domain, bound when somebody first wants it, and tried again when it could not be. */
export function lazyArgoBell(hypercalls: Hypercalls): () => Promise<ArgoBell> {
  let bell: Promise<ArgoBell> | undefined;
  return () => {
    bell ??= bindArgoBell(hypercalls);
    bell.catch(() => {
      bell = undefined;
    });
    return bell;
  };
}

/**
 * Binds VIRQ_ARGO, of which a domain has one, for all channels of the domain.
 *
 * @throws HypercallError `EEXIST` when the domain has bound it already
 */
export async function bindArgoBell({ evtchn }: Hypercalls): Promise<ArgoBell> {
  const looks = new Set<() => void>();
  const lookNow = (look: () => void): void => look();
  function ring(): void {
    try {
      looks.forEach(lookNow);
    } catch (error) {
      // A handler threw; the channels behind its own must not miss what rang.
      setImmediate(ring);
      throw error;
    }
  }
  const port = await evtchn.bindVirq(VIRQ.argo);
  evtchn.listen(port, ring);
  let missed = false;
  return {
    listen(look) {
      looks.add(look);
      setImmediate(look);
      return () => looks.delete(look);
    },
    wait(timeout) {
      if (!evtchn.wait(port, timeout) || missed) return;
      missed = true;
      setImmediate(() => {
        missed = false;
        ring();
      });
    },
  };
}
