// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { Hypercalls } from '../hv/contract.ts';
import type { ArgoBell } from './argo-bell.ts';
import { type ArgoLine, type ArgoTerms, closeLine, openLine } from './argo-line.ts';
import type { Carrier, Holding } from './rendezvous-carrier.ts';
import type { Offer } from './rendezvous-machine.ts';

/**
 * Connections over Argo: what is offered is a port, one that was never used before and will not be again, so that an offer that
 * was withdrawn leads nowhere.
 *
 * @param bell of the domain, for all its connections
 * @param make makes what users of the connection get
 */
export function lineCarrier<C>(
  hypercalls: Hypercalls,
  bell: () => Promise<ArgoBell>,
  make: (bell: ArgoBell, line: ArgoLine, terms: ArgoTerms) => C,
): Carrier<C> {
  const { argo } = hypercalls;

  async function hold(terms: ArgoTerms, offer: Offer | undefined): Promise<Holding<C>> {
    const shared = await bell();
    const line = await openLine(hypercalls, terms);
    return {
      offer,
      async channel() {
        // Found beforehand, so that nothing has to be sent twice. Not there any more: its level will tell.
        await argo.resolve(line.to);
        return make(shared, line, terms);
      },
      release: () => closeLine(hypercalls, line),
    };
  }

  return {
    lend({ domid, quotas }) {
      const aport = randomPort();
      return hold({ domid, aport, quotas, side: 'front' }, { gref: undefined, port: aport });
    },
    async map({ domid, quotas }, { port }) {
      const holding = await hold({ domid, aport: port, quotas, side: 'back' }, undefined);
      const refused = await argo.resolve({ domid, aport: port });
      if (refused === undefined) return holding;
      await holding.release();
      throw new XmError('ESTALE', `domain ${domid} takes no messages at the port that it offered: ${refused}`);
    },
  };
}

/** Even: the back end has the next one. */
function randomPort(): number {
  const [port] = crypto.getRandomValues(new Uint32Array(1));
  return (port! & ~1) >>> 0;
}
