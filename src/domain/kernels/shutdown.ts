// SPDX-License-Identifier: Apache-2.0
import type { ShutdownReason } from '../contract.ts';

const REASONS: readonly unknown[] = ['poweroff', 'reboot', 'halt'] satisfies ShutdownReason[];

/**
 * Why xend asks the domain to end.
 *
 * @param signal `dom.signal`, aborted
 * @returns its reason; `poweroff` if it names none
 */
export function reasonOf(signal: AbortSignal): ShutdownReason {
  return REASONS.includes(signal.reason) ? (signal.reason as ShutdownReason) : 'poweroff';
}

/** Resolves with the reason when `signal`, a domain's, aborts; at once if it has. */
export function whenAskedToEnd(signal: AbortSignal): Promise<ShutdownReason> {
  return new Promise((resolve) => {
    const end = () => resolve(reasonOf(signal));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
