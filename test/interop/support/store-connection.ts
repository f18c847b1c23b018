// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createWireInput, XS } from '../../../src/xenstore/wire.ts';
import { wireRequest } from '../../support/wire-request.ts';

/** An answer: the type's number and the payload, as a binary string. */
export interface Answer {
  readonly type: number;
  readonly payload: string;
}

/** A connection that says what it likes, byte for byte, to any server. */
export interface RawConnection {
  /** One request and its answer; events that come before it wait for {@link heard}. */
  ask(type: number, payload: string, tx?: number): Promise<Answer>;
  /** Events since the last look: those that come before or along with the last answer. */
  heard(): string[];
  close(): void;
}

/** How bytes go and come. */
interface Line {
  send(bytes: Uint8Array): Promise<void>;
  /** What came, at least a byte. */
  receive(): Promise<Buffer>;
  close(): void;
}

function rawConnection(line: Line): RawConnection {
  const input = createWireInput();
  const events: string[] = [];

  async function next(): Promise<Answer> {
    for (;;) {
      const step = input.next();
      if (step === 'too-long') throw new Error('a message that is too long');
      if (step === 'none') {
        input.push(await line.receive());
        continue;
      }
      const payload = input.bytes.toString('latin1', input.start, input.end);
      if (input.type !== XS.watchEvent) return { type: input.type, payload };
      events.push(payload);
    }
  }

  return {
    async ask(type, payload, tx = 0) {
      await line.send(wireRequest(type, payload, { tx }));
      return next();
    },
    heard: () => events.splice(0),
    close: line.close,
  };
}

/** Over a unix socket: domain 0's. */
export async function socketConnection(path: string): Promise<RawConnection> {
  const socket = connect(path);
  await once(socket, 'connect');
  let came: Buffer[] = [];
  let news = Promise.withResolvers<void>();
  socket.on('data', (bytes: Buffer) => {
    came.push(bytes);
    news.resolve();
  });
  socket.on('close', () => news.reject(new Error('the server closed the connection')));
  news.promise.catch(() => {});
  return rawConnection({
    async send(bytes) {
      socket.write(bytes);
    },
    async receive() {
      if (came.length === 0) await news.promise;
      news = Promise.withResolvers();
      news.promise.catch(() => {});
      const bytes = Buffer.concat(came);
      came = [];
      return bytes;
    },
    close: () => void socket.destroy(),
  });
}

/** A domain's page, wherever it is. */
export interface RingPage {
  read(at: number, bytes: Uint8Array): void;
  write(at: number, bytes: Uint8Array): void;
  /** Tells the server. */
  kick(): void;
}

const RING = 1024;
const REQUESTS = { data: 0, cons: 2048, prod: 2052 };
const REPLIES = { data: 1024, cons: 2056, prod: 2060 };
/** Longest wait for a server that has nothing else to do, milliseconds. */
const PATIENCE = 20_000;

/** Over a domain's page (spec/primitives.md 1.8). */
export function ringConnection(page: RingPage): RawConnection {
  const word = new Uint32Array(1);
  const wordBytes = new Uint8Array(word.buffer);
  const load = (at: number): number => {
    page.read(at, wordBytes);
    return word[0]!;
  };
  const store = (at: number, value: number): void => {
    word[0] = value;
    page.write(at, wordBytes);
  };

  /** Runs `action` on up to `limit` bytes of a ring, those before its end. */
  function moved(
    ring: typeof REQUESTS,
    index: 'cons' | 'prod',
    limit: number,
    action: (at: number, count: number) => void,
  ): number {
    const [cons, prod] = [load(ring.cons), load(ring.prod)];
    const ready = (prod - cons) >>> 0;
    const [from, most] = index === 'prod' ? [prod, RING - ready] : [cons, ready];
    const count = Math.min(most, limit, RING - (from % RING));
    if (count === 0) return 0;
    action(ring.data + (from % RING), count);
    store(ring[index], from + count);
    page.kick();
    return count;
  }

  async function patiently(step: () => number): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (step() === 0) {
      if (performance.now() > deadline) throw new Error('the server does not go on with the ring');
      await nextTurn();
    }
  }

  return rawConnection({
    async send(bytes) {
      for (let at = 0; at < bytes.length; ) {
        await patiently(() => {
          const count = moved(REQUESTS, 'prod', bytes.length - at, (to, n) =>
            page.write(to, bytes.subarray(at, at + n)),
          );
          at += count;
          return count;
        });
      }
    },
    async receive() {
      let bytes = Buffer.alloc(0);
      await patiently(() =>
        moved(REPLIES, 'cons', RING, (from, n) => {
          bytes = Buffer.alloc(n);
          page.read(from, bytes);
        }),
      );
      return bytes;
    },
    close: () => {},
  });
}
