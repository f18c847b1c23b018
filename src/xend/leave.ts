// SPDX-License-Identifier: Apache-2.0
import type { XendStopAction } from '../config/contract.ts';
import { messageOf } from '../errors.ts';
import type { XendDomain } from './domain.ts';
import type { Log } from './log.ts';

/** Seconds that all domains together have to end by themselves when xend stops; it kills itself after 15. */
const STOP_LIMIT = 10;

/** What can be done to domains that leave. @see Lifecycle */
export interface Leaving {
  readonly shutdown: (domain: XendDomain, timeout: number) => void;
  readonly suspend: (domain: XendDomain, timeout: number) => Promise<void>;
  readonly log: Log;
}

/** Lets domains have the end that their `on_xend_stop` promises. Those that are left then end with xend. */
export async function leaveInTime(guests: readonly XendDomain[], { shutdown, suspend, log }: Leaving): Promise<void> {
  const deadline = performance.now() + STOP_LIMIT * 1000;
  const left = (): number => Math.max(1, Math.round((deadline - performance.now()) / 100) / 10);

  async function askToEnd(domain: XendDomain): Promise<void> {
    // A paused one hears nothing.
    if (domain.phase !== 'running') return;
    shutdown(domain, left());
    await domain.gone.promise;
  }

  const leave: Readonly<Record<XendStopAction, (domain: XendDomain) => Promise<void>>> = {
    ignore: async () => {},
    destroy: async () => {},
    shutdown: askToEnd,
    async suspend(domain) {
      try {
        // So that it can still be asked to end if that is all it can.
        await suspend(domain, left() / 2);
      } catch (error) {
        log.write('ERROR', messageOf(error));
        await askToEnd(domain);
      }
    },
  };

  const serves = ({ config }: XendDomain): boolean => config.backends.length > 0;
  // Who is served may still write; who serves goes after it.
  for (const wave of [guests.filter((domain) => !serves(domain)), guests.filter(serves)]) {
    // Whatever keeps one from it: xend ends it then.
    await Promise.allSettled(wave.map((domain) => leave[domain.config.onXendStop](domain)));
  }
}
