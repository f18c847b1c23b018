// SPDX-License-Identifier: Apache-2.0
import type { Channel, Quotas } from './contract.ts';
import { initControl, layoutOf } from './layout.ts';
import { createRingChannel, type Doorbell } from './ring-channel.ts';

/** A channel whose both ends live in one domain: the same rings over ordinary shared memory, and a task as doorbell. */
export function createLoopback(quotas: Quotas): { readonly front: Channel; readonly back: Channel } {
  const layout = layoutOf(quotas);
  const control = new SharedArrayBuffer(layout.controlBytes);
  initControl(control, quotas);
  const [front, back] = bellPair();
  return {
    front: createRingChannel({ control, quotas, side: 'front' }, front),
    back: createRingChannel({ control, quotas, side: 'back' }, back),
  };
}

/** Two doorbells that ring each other. Rings before anybody listens are kept, and rings in a row are one. */
function bellPair(): readonly [Doorbell, Doorbell] {
  const ends = [createEnd(), createEnd()] as const;
  function createEnd() {
    return { look: undefined as (() => void) | undefined, rung: false, closed: false };
  }
  function ring(end: (typeof ends)[number]): void {
    if (end.rung) return;
    end.rung = true;
    setImmediate(() => {
      end.rung = false;
      end.look?.();
    });
  }
  const bell = (near: 0 | 1, far: 0 | 1): Doorbell => ({
    notify: () => ring(ends[far]),
    listen(look) {
      ends[near].look = look;
      ends[near].closed = look === undefined;
      ring(ends[near]);
    },
    isBound: () => !ends[far].closed,
    // The peer has no other thread to answer in.
    wait: () => ends[far].look?.(),
  });
  return [bell(0, 1), bell(1, 0)];
}
