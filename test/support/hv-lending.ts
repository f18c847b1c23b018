// SPDX-License-Identifier: Apache-2.0
import type { Hypercalls } from '../../src/hv/contract.ts';
import type { BorrowedBuffer, PinnedBuffer, Refusal, Registration } from '../../src/hv/lending-contract.ts';

/** What a reference names for a domain. */
export function open(dom: Hypercalls, reference: Uint8Array, at = 0): Promise<BorrowedBuffer | undefined> {
  return new Promise((resolve) => dom.lending.open(reference, at, resolve));
}

/** The same, of a reference that is good. */
export async function borrow(dom: Hypercalls, reference: Uint8Array): Promise<BorrowedBuffer> {
  const borrowed = await open(dom, reference);
  if (borrowed === undefined) throw new Error('it names nothing');
  return borrowed;
}

/** Unregisters, and whether the fence is complete. */
export function end(registration: Registration): { readonly complete: boolean; readonly fence: Promise<void> } {
  let complete = false;
  const fence = new Promise<void>((resolve) => {
    registration.unregister(() => {
      complete = true;
      resolve();
    });
  });
  return {
    get complete() {
      return complete;
    },
    fence,
  };
}

/** Real bytes of a buffer that must be had at once. */
export function pinNow(borrowed: BorrowedBuffer, right: 'read' | 'write'): PinnedBuffer {
  let got: PinnedBuffer | Refusal | undefined;
  borrowed.pin(right, (outcome) => {
    got = outcome;
  });
  if (got === undefined || typeof got === 'string') throw new Error(`no pin: ${got}`);
  return got;
}
