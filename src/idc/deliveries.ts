// SPDX-License-Identifier: Apache-2.0

/** Rounds of delivery before the event loop gets a turn. */
const ROUNDS = 16;

/** What a channel does when it is told to look. */
export interface Deliverer {
  /** Delivers a bounded share of what is there. @returns false when the channel is closed */
  drain(): boolean;
  /** A delivery ended, or is interrupted: what handlers put is to be published. */
  settle(): void;
  /** Whether there is more to drain; if not, the peer rings. */
  more(): boolean;
}

/** Deliveries of one channel. */
export interface DeliveryLoop {
  /** Delivers what is there now. What the handlers that are being run have put is published first. */
  look(): void;
  /** Whether a handler is being run whose puts wait for the end of the delivery. */
  readonly delivering: boolean;
}

/** A channel that is delivering in this thread. Handlers that poll nest deliveries, of the same channel or another. */
interface Delivery {
  /** Publishes what was put during the delivery so far. */
  readonly settle: () => void;
  /** The delivery from one of whose handlers this one was started. */
  outer: Delivery | undefined;
}

let innermost: Delivery | undefined;

/** Drains, settles, looks again; any number of times, also from within a handler. */
export function createDeliveryLoop(channel: Deliverer): DeliveryLoop {
  const delivery: Delivery = { settle, outer: undefined };
  let delivering = false;

  function deliver(): boolean {
    const nested = delivering;
    if (!nested) {
      delivery.outer = innermost;
      innermost = delivery;
    }
    delivering = true;
    try {
      return channel.drain();
    } finally {
      delivering = nested;
      if (!nested) {
        innermost = delivery.outer;
        delivery.outer = undefined;
      }
    }
  }

  /** Also in the midst of a delivery. */
  function settle(): void {
    const before = delivering;
    delivering = false;
    channel.settle();
    delivering = before;
  }

  function look(): void {
    settleDeliveries();
    try {
      for (let round = 0; deliver(); round++) {
        settle();
        if (!channel.more()) return;
        if (round === ROUNDS) {
          setImmediate(look);
          return;
        }
      }
    } catch (error) {
      // A handler threw. The peer need not ring again before everything is drained, so nobody else would make us look.
      setImmediate(look);
      throw error;
    }
  }

  return {
    look,
    get delivering() {
      return delivering;
    },
  };
}

/**
 * Publishes what the handlers that are being run have put. A handler that polls may wait for something that depends on it,
 * directly or through other domains: held back until the handler returns, it would wait for ever (spec/idc.md 1.3, rule 57).
 */
function settleDeliveries(): void {
  for (let delivery = innermost; delivery !== undefined; delivery = delivery.outer) delivery.settle();
}
