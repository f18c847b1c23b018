// SPDX-License-Identifier: Apache-2.0
import type { XendStopAction } from '../config/contract.ts';
import type { XendDomain } from './domain.ts';

/** Seconds that all domains together have to end by themselves when xend stops; it kills itself after 15. */
const STOP_LIMIT = 10;

/** Lets domains have the end that their `on_xend_stop` promises. Those that are left then end with xend. */
export async function leaveInTime(
  guests: readonly XendDomain[],
  shutdown: (domain: XendDomain, timeout: number) => void,
): Promise<void> {
  const deadline = performance.now() + STOP_LIMIT * 1000;

  const leave: Readonly<Record<XendStopAction, (domain: XendDomain) => Promise<void>>> = {
    ignore: async () => {},
    destroy: async () => {},
    async shutdown(domain) {
      // A paused one hears nothing.
      if (domain.phase !== 'running') return;
      shutdown(domain, Math.max(1, (deadline - performance.now()) / 1000));
      await domain.gone.promise;
    },
  };

  const serves = ({ config }: XendDomain): boolean => config.backends.length > 0;
  // Who is served may still write; who serves goes after it.
  for (const wave of [guests.filter((domain) => !serves(domain)), guests.filter(serves)]) {
    await Promise.all(wave.map((domain) => leave[domain.config.onXendStop](domain)));
  }
}
