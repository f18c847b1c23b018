// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import type { Doorbell } from '../idc/ring-channel.ts';
import { type ByteRingPlace, byteRingReader, byteRingWriter } from '../ring/byte-ring.ts';
import type { Vchan, VchanEnd, VchanState } from './contract.ts';
import { duplexOver } from './duplex.ts';
import { AT, LIVE, NOTIFY } from './layout.ts';

/** What a channel is made of. */
export interface ChannelParts {
  readonly peer: DomId;
  readonly path: string;
  readonly side: 'server' | 'client';
  readonly page: SharedArrayBuffer;
  readonly left: ByteRingPlace;
  readonly right: ByteRingPlace;
  readonly bell: Doorbell;
  /** Gives back all that the channel holds; called once. Does not wait for the peer. */
  readonly release: () => Promise<void>;
}

/** A channel, and what only its maker calls. */
export interface ChannelControl extends Vchan {
  /** Looks whether the peer is still there; the bell does the same. */
  look(): void;
  /** The peer's domain is gone, which nothing in the shared page tells before there was a client. */
  lose(): void;
}

/** Runs a channel over memory that both ends see. The peer may write anything anywhere in it, at any time. */
export function createChannel(parts: ChannelParts): ChannelControl {
  const { side, page, bell, peer, path } = parts;
  const other = side === 'server' ? 'client' : 'server';
  const [reads, writes] = side === 'server' ? [parts.left, parts.right] : [parts.right, parts.left];
  const reader = byteRingReader(reads);
  const writer = byteRingWriter(writes);
  const bytes = new Uint8Array(page);
  const opened = Promise.withResolvers<boolean>();
  const ended = Promise.withResolvers<VchanEnd>();
  let state: VchanState = side === 'server' ? 'waiting' : 'open';
  /** Whether what is in the ring may still be read. */
  let readable = true;
  let closing: Promise<void> | undefined;
  let change: PromiseWithResolvers<void> | undefined;

  function wake(): void {
    change?.resolve();
    change = undefined;
  }

  function end(kind: VchanEnd['kind'], reason: string): void {
    if (over()) return;
    state = 'ended';
    bell.listen(undefined);
    opened.resolve(false);
    ended.resolve({ kind, reason });
    wake();
  }

  function hangUp(): void {
    readable = false;
    Atomics.store(bytes, AT.live[side], LIVE.gone);
    bell.notify();
  }

  function broken(what: string): void {
    hangUp();
    end('broken', `domain ${peer} ${what}`);
  }

  const over = (): boolean => state === 'ended';

  /** Looks at the peer, not at data: those who wait are not woken, as it may be one of them who looks. */
  function check(): void {
    if (state === 'waiting' && Atomics.load(bytes, AT.live[other]) !== LIVE.waiting) {
      state = 'open';
      opened.resolve(true);
    }
    if (state === 'open') {
      // In this order: who closes says so first and lets go then.
      const bound = bell.isBound();
      if (Atomics.load(bytes, AT.live[other]) === LIVE.gone) end('closed', `domain ${peer} closed it`);
      else if (!bound) end('died', `domain ${peer} is gone`);
    }
  }

  function look(): void {
    check();
    wake();
  }

  /** Tells the peer that something was read or written, if it wants to know. */
  function tell(bit: number): void {
    if ((Atomics.and(bytes, AT.notify[side], ~bit & 0xff) & bit) !== 0) bell.notify();
  }

  /**
   * What a ring offers, for `need` bytes. Before it says "too little", it has asked to be told, and looked again.
   *
   * @returns -1 when the ring is broken
   */
  function offered(count: () => number, need: number, bit: number, whose: string): number {
    let found = count();
    if (found >= 0 && found < need) {
      Atomics.or(bytes, AT.notify[other], bit);
      check();
      found = count();
    }
    if (found < 0) broken(`wrote an impossible index of the ring that ${whose}`);
    return found;
  }

  /** The end of a call: so many bytes went, for which there was data or room a moment ago. */
  function moved(count: number, need: number, bit: number): number {
    if (count < need) {
      broken('took an index back');
      return -1;
    }
    tell(bit);
    return count;
  }

  const data = (need: number): number => (readable ? offered(reader.ready, need, NOTIFY.written, 'it writes') : -1);
  function room(need: number): number {
    if (state === 'open' && Atomics.load(bytes, AT.live[other]) === LIVE.gone) check();
    if (over()) return -1;
    const found = offered(writer.room, need, NOTIFY.read, 'it reads');
    // It may have ended in our midst.
    return over() ? -1 : found;
  }

  function take(target: Uint8Array, need: number): number {
    const found = data(need);
    if (found < need) return found < 0 || over() ? -1 : 0;
    return moved(reader.read(target), need, NOTIFY.read);
  }

  function put(source: Uint8Array, need: number): number {
    const found = room(need);
    if (found < need) return Math.min(found, 0);
    return moved(writer.write(source), need, NOTIFY.written);
  }

  function changed(): Promise<void> {
    if (over()) return Promise.resolve();
    change ??= Promise.withResolvers();
    return change.promise;
  }

  /** Tries until it is something else than "not yet". */
  async function until(attempt: () => number): Promise<number> {
    for (;;) {
      const done = attempt();
      if (done !== 0) return done;
      await changed();
    }
  }

  function checkFits(length: number, size: number): void {
    if (length > size) throw new XmError('EMSGSIZE', `${length} bytes do not fit into a ring of ${size}`);
  }

  const channel: ChannelControl = {
    peer,
    path,
    side,
    get state() {
      return state;
    },
    readSize: reads.size,
    writeSize: writes.size,
    opened: opened.promise,
    ended: ended.promise,
    dataReady() {
      const found = data(reads.size);
      return found === 0 && over() ? -1 : found;
    },
    bufferSpace: () => room(writes.size),
    tryRead: (target) => (target.length === 0 ? 0 : take(target, 1)),
    tryWrite: (source) => (source.length === 0 ? 0 : put(source, 1)),
    tryRecv(target) {
      checkFits(target.length, reads.size);
      return take(target, target.length);
    },
    trySend(source) {
      checkFits(source.length, writes.size);
      return put(source, source.length);
    },
    wait(milliseconds) {
      bell.wait(milliseconds);
      look();
    },
    async read(target) {
      if (target.length === 0) return 0;
      return Math.max(0, await until(() => channel.tryRead(target)));
    },
    async write(source) {
      let written = 0;
      while (written < source.length) {
        const count = await until(() => channel.tryWrite(source.subarray(written)));
        if (count < 0) break;
        written += count;
      }
      return written;
    },
    async recv(target) {
      return target.length === 0 || (await until(() => channel.tryRecv(target))) > 0;
    },
    async send(source) {
      return source.length === 0 || (await until(() => channel.trySend(source))) > 0;
    },
    changed,
    duplex: () => duplexOver(channel),
    close() {
      if (closing === undefined) {
        hangUp();
        end('closed', 'it was closed here');
        closing = parts.release();
      }
      return closing;
    },
    look,
    lose: () => end('died', `domain ${peer} is gone`),
  };
  if (state === 'open') opened.resolve(true);
  bell.listen(look);
  return channel;
}
