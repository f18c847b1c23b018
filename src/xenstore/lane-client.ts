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
        if (lane !== undefined) end = runLane(lane, unsent, user, () => port.postMessage({ kick: true }));
        end?.woken();
      });
      port.on('close', () => {
        end?.stop();
        user.closed();
      });
      port.postMessage({ lane: true });
      return {
        prompt: true,
        send(bytes, length) {
          if (end === undefined) unsent.push(Buffer.from(bytes.subarray(0, length)));
          else end.send(bytes, length);
        },
        close() {
          end?.stop();
          port.close();
        },
      };
    },
  };
}

/** @param unsent what is to go before anything else */
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
  /** Says what its word says, which the server looks at with every reply: it is written only when it changes. */
  let asleep = false;
  /** A sleep whose end has not come; after a look that something else brought about it is used again. */
  let sleeping = false;
  /** What is left of the oldest of `unsent`. */
  let rest = unsent.take();

  /** @returns how many of the bytes are in the ring */
  function put(bytes: Buffer, length: number): number {
    const count = Math.max(0, requests.write(bytes, length));
    if (count > 0 && mustWake(words, server, STATE.asleep)) kick();
    return count;
  }

  /** Copies out as much as fits of what waits. @returns whether anything did */
  function flush(): boolean {
    let flushed = false;
    while (rest !== undefined) {
      const count = put(rest, rest.length);
      if (count === 0) break;
      flushed = true;
      rest = count < rest.length ? rest.subarray(count) : unsent.take();
    }
    return flushed;
  }

  function take(): boolean {
    const count = replies.read(scratch);
    if (count <= 0) return false;
    if (mustWake(words, server, STATE.full)) kick();
    user.received(scratch, count);
    return true;
  }

  const hasWork = () => replies.ready() > 0 || (rest !== undefined && requests.room() > 0);

  function look(): boolean {
    const flushed = flush();
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
    wakeUp();
    if (look() || (replyComes() && look())) {
      patience.found();
      schedule();
    } else fallAsleep();
  }

  function wakeUp(): void {
    if (!asleep) return;
    asleep = false;
    Atomics.store(words, client, STATE.awake);
  }

  function fallAsleep(): void {
    const state = rest === undefined ? STATE.asleep : STATE.full;
    asleep = true;
    Atomics.store(words, client, state);
    if (hasWork()) {
      wakeUp();
      schedule();
      return;
    }
    if (user.awaits()) patience.sleep();
    if (sleeping) return;
    const sleep = Atomics.waitAsync(words, client, state);
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
    send(bytes: Buffer, length: number): void {
      const sent = rest === undefined ? put(bytes, length) : 0;
      if (sent < length) {
        unsent.push(Buffer.from(bytes.subarray(sent, length)));
        rest ??= unsent.take();
      }
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
