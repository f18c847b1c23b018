// SPDX-License-Identifier: Apache-2.0

/** A channel that is delivering in this thread. Handlers that poll nest deliveries, of the same channel or another. */
export interface Delivery {
  /** Publishes what was put during the delivery so far. */
  readonly settle: () => void;
  /** The delivery from one of whose handlers this one was started. */
  outer: Delivery | undefined;
}

let innermost: Delivery | undefined;

/** Begins a delivery that is not in progress yet. */
export function enterDelivery(delivery: Delivery): void {
  delivery.outer = innermost;
  innermost = delivery;
}

/** Ends the innermost delivery. */
export function leaveDelivery(delivery: Delivery): void {
  innermost = delivery.outer;
  delivery.outer = undefined;
}

/**
 * Publishes what the handlers that are being run have put. A handler that polls may wait for something that depends on it,
 * directly or through other domains: held back until the handler returns, it would wait for ever (spec/idc.md 1.3, rule 57).
 */
export function settleDeliveries(): void {
  for (let delivery = innermost; delivery !== undefined; delivery = delivery.outer) delivery.settle();
}
