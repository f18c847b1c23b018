// SPDX-License-Identifier: Apache-2.0
import type { Hypercalls } from '../hv/contract.ts';
import { type Loan, takeBack } from './shared-memory.ts';

/** To whom something was lent. */
interface Borrower {
  readonly address: string;
  readonly domid: number;
}

/**
 * Whether a call failed because the store or the hypervisor no longer knows this domain: it is ending, and its thread with it.
 */
export function isEnd(error: unknown): boolean {
  const { errno, code } = error as { errno?: string; code?: string };
  return errno === 'EIO' || code === 'ENODEV';
}

/** What a domain has lent and could not take back yet, because the borrower still maps it. */
export interface Loans {
  /** Takes memory back, now or as soon as it goes. Never waits for the borrower. */
  takeBack(borrower: Borrower, loan: Loan): Promise<void>;
  /** Tries again. */
  sweep(): Promise<void>;
  /** Whether something lent over the address (and, if said, to that domain) is still mapped. */
  held(address: string, domid?: number): boolean;
}

/**
 * @param hypercalls of the lending domain
 * @param watch called when something has to wait, so that somebody sweeps when a borrower dies; what it returns is called when
 *   nothing waits any more
 */
export function createLoans(hypercalls: Hypercalls, watch: () => () => void): Loans {
  const waiting = new Map<Loan, Borrower>();
  let unwatch: (() => void) | undefined;
  let sweeping: Promise<void> = Promise.resolve();

  async function sweepOnce(): Promise<void> {
    try {
      for (const loan of [...waiting.keys()]) if (await takeBack(hypercalls, loan)) waiting.delete(loan);
      if (waiting.size > 0) return;
      unwatch?.();
      unwatch = undefined;
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  }

  return {
    async takeBack(borrower, loan) {
      if (await takeBack(hypercalls, loan)) return;
      waiting.set(loan, borrower);
      unwatch ??= watch();
    },
    sweep() {
      // One at a time: a reference that was ended twice may be another's by then.
      if (waiting.size > 0) sweeping = sweeping.then(sweepOnce);
      return sweeping;
    },
    held(address, domid) {
      for (const borrower of waiting.values()) {
        if (borrower.address === address && (domid === undefined || borrower.domid === domid)) return true;
      }
      return false;
    },
  };
}
