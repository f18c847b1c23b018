// SPDX-License-Identifier: Apache-2.0
import type { MessagePort } from 'node:worker_threads';
import { byteRingReader, byteRingWriter } from '../ring/byte-ring.ts';
import { createFifo } from './fifo.ts';
import { LANE_RING_BYTES, laneIn, mustWake, STATE } from './lane.ts';
import { createPatience } from './patience.ts';
import type { ByteLine, ByteLineUser } from './wire-transport.ts';

/** Looks at the lane before the event loop gets a turn. */
const LOOKS_PER_TURN = 16;

/** A domain's end of a lane, which it asks for over its port. What is sent before the lane is there waits here. */
export function openLane(port: MessagePort): ByteLine {
  return {
    open(user) {
      const unsent = createFifo<Buffer>();
      let end: ReturnType<typeof runLane> | undefined;
      port.on('message', ({ lane }: { lane?: SharedArrayBuffer }) => {
        if (lane === undefined) {
          end?.woken();
          return;
        }
        end = runLane(lane, unsent, user, () => port.postMessage({ kick: true }));
        end.sent();
      });
      port.on('close', () => {
        end?.stop();
        user.closed();
      });
      port.postMessage({ lane: true });
      return {
        send(bytes) {
          unsent.push(bytes);
          end?.sent();
        },
        close() {
          end?.stop();
          port.close();
        },
      };
    },
  };
}

function runLane(
  memory: SharedArrayBuffer,
  unsent: ReturnType<typeof createFifo<Buffer>>,
  user: ByteLineUser,
  kick: () => void,
) {
  const { words, server, client, ...rings } = laneIn(memory);
  const requests = byteRingWriter(rings.requests);
  const replies = byteRingReader(rings.replies);
  const scratch = Buffer.alloc(LANE_RING_BYTES);
  const patience = createPatience();
  let stopped = false;
  let scheduled = false;
  let looks = 0;
  /** A sleep whose end has not come; after a look that something else brought about it is used again. */
  let sleeping = false;
  let rest: Buffer | undefined;

  /** Copies out as much as fits. */
  function flush(): boolean {
    let flushed = false;
    for (rest ??= unsent.take(); rest !== undefined; rest = unsent.take()) {
      const count = requests.write(rest);
      flushed ||= count > 0;
      if (count < rest.length) {
        rest = rest.subarray(Math.max(count, 0));
        break;
      }
    }
    if (flushed && mustWake(words, server, STATE.asleep)) kick();
    return flushed;
  }

  function take(): boolean {
    const count = replies.read(scratch);
    if (count <= 0) return false;
    if (mustWake(words, server, STATE.full)) kick();
    user.received(Buffer.from(scratch.subarray(0, count)));
    return true;
  }

  const hasWork = () => replies.ready() > 0 || (rest !== undefined && requests.room() > 0);

  function look(): boolean {
    const flushed = rest !== undefined && flush();
    return take() || flushed;
  }

  /** Blocks, for a moment, for a reply that will be there at once. */
  function replyComes(): boolean {
    while (user.awaits() && patience.lasts()) if (hasWork()) return true;
    return false;
  }

  function turn(): void {
    scheduled = false;
    if (stopped) return;
    Atomics.store(words, client, STATE.awake);
    if (look() || (replyComes() && look())) {
      patience.found();
      schedule();
    } else fallAsleep();
  }

  function fallAsleep(): void {
    Atomics.store(words, client, STATE.asleep);
    if (hasWork()) {
      Atomics.store(words, client, STATE.awake);
      schedule();
      return;
    }
    if (user.awaits()) patience.sleep();
    if (sleeping) return;
    const sleep = Atomics.waitAsync(words, client, STATE.asleep);
    if (!sleep.async) {
      schedule();
      return;
    }
    sleeping = true;
    void sleep.value.then(() => {
      sleeping = false;
      woken();
    });
  }

  function woken(): void {
    if (!scheduled) turn();
  }

  /** The next look is when what the replies resolved has run: it may ask for more. */
  function schedule(): void {
    if (scheduled || stopped) return;
    scheduled = true;
    looks = (looks + 1) % LOOKS_PER_TURN;
    if (looks === 0) setImmediate(turn);
    else process.nextTick(queueMicrotask, turn);
  }

  return {
    /** There is something in `unsent`. */
    sent() {
      flush();
      schedule();
    },
    woken,
    stop() {
      stopped = true;
      // Ends the sleep: nobody else may.
      Atomics.notify(words, client);
    },
  };
}
