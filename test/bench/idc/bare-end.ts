// SPDX-License-Identifier: Apache-2.0
import type { BareRing } from './bare-ring.ts';
import type { DrivingEnd } from './end.ts';

const MESSAGE = 1;
const QUESTION = 2;

/** Takes messages and answers questions, for ever. */
export async function serveBareRings(incoming: BareRing, outgoing: BareRing, messageBytes: number): Promise<never> {
  const message = new Int32Array(messageBytes / 4);
  for (;;) {
    while (!incoming.take(message)) {
      const woken = incoming.untilFilled();
      if (woken !== undefined) await woken;
    }
    // There is one question at a time.
    if (message[0] === QUESTION) outgoing.put(message);
  }
}

/** Drives a bare ring. Where nothing is asynchronous, no promise is waited for: there is a loop for each way of asking. */
export function driveBareRings(outgoing: BareRing, incoming: BareRing, messageBytes: number): DrivingEnd {
  const message = new Int32Array(messageBytes / 4).fill(MESSAGE);
  const question = new Int32Array(messageBytes / 4).fill(QUESTION);
  const answer = new Int32Array(messageBytes / 4);

  async function ask(): Promise<void> {
    while (!outgoing.put(question)) await outgoing.untilRoom();
    while (!incoming.take(answer)) {
      const woken = incoming.untilFilled();
      if (woken !== undefined) await woken;
    }
  }

  return {
    async stream(count) {
      for (let sent = 1; sent < count; sent++) {
        while (!outgoing.put(message)) {
          const woken = outgoing.untilRoom();
          if (woken !== undefined) await woken;
        }
      }
      await ask();
    },
    ask,
    async askAll(count) {
      const times = new Float64Array(count);
      for (let index = 0; index < count; index++) {
        const start = performance.now();
        outgoing.put(question);
        while (!incoming.take(answer)) {
          const woken = incoming.untilFilled();
          if (woken !== undefined) await woken;
        }
        times[index] = (performance.now() - start) * 1000;
      }
      return times;
    },
    askPolled(count) {
      const times = new Float64Array(count);
      for (let index = 0; index < count; index++) {
        const start = performance.now();
        outgoing.put(question);
        while (!incoming.take(answer)) void incoming.untilFilled();
        times[index] = (performance.now() - start) * 1000;
      }
      return times;
    },
  };
}
