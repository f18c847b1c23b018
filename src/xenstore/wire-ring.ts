// SPDX-License-Identifier: Apache-2.0
import { byteRingReader, byteRingWriter } from '../ring/byte-ring.ts';
import { FEATURE, type Store } from './contract.ts';
import { CONNECTION, PAGE, PAGE_ERROR, replyRing, requestRing, WIRE_RING_BYTES } from './wire-page.ts';
import { createWireSession, type WireSession } from './wire-session.ts';

/** A domain's connection over its page, at the store's end. */
export interface WireRing {
  /** The domain notified: looks at its page. Whatever is there, this does not throw, and it ends soon. */
  kick(): void;
  /** Ends the connection; the page is looked at no more. */
  close(): void;
}

const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Serves a domain over its xenstore page (spec/primitives.md 1.8), which the domain may change at any time: bytes are copied
 * out before they are looked at, and our own indexes are kept here. A domain that breaks the rules is told so in the page's
 * `error` word and ignored until it asks for a reconnect or is gone; its nodes stay as long as it lives (XSA-325).
 *
 * @param notify raises the domain's event channel
 * @throws StoreError ENOENT for an unknown domain
 */
export function serveRing(store: Store, domid: number, page: SharedArrayBuffer, notify: () => void): WireRing {
  const words = new Int32Array(page);
  const scratch = Buffer.alloc(WIRE_RING_BYTES);
  const features = store.features(domid);
  let requests = byteRingReader(requestRing(page));
  let replies = byteRingWriter(replyRing(page));
  /** Replies and events that do not fit into the ring yet. */
  let backlog = NO_BYTES;
  let paused = false;
  let session: WireSession | undefined;
  let ended = false;
  /** Index changes of one look at the page are announced together. */
  let looking = false;
  let changed = false;

  function announce(): void {
    if (looking) changed = true;
    else notify();
  }

  function start(): void {
    for (const index of [PAGE.reqCons, PAGE.reqProd, PAGE.rspCons, PAGE.rspProd]) Atomics.store(words, index, 0);
    requests = byteRingReader(requestRing(page));
    replies = byteRingWriter(replyRing(page));
    paused = false;
    session = createWireSession(store, domid, transport);
    Atomics.store(words, PAGE.serverFeatures, features);
    Atomics.store(words, PAGE.error, PAGE_ERROR.none);
    Atomics.store(words, PAGE.connection, CONNECTION.connected);
    announce();
  }

  function stop(): void {
    session?.close();
    session = undefined;
    backlog = NO_BYTES;
  }

  function fail(error: number): void {
    stop();
    Atomics.store(words, PAGE.error, error);
    announce();
  }

  function end(): void {
    ended = true;
    stop();
  }

  function restart(): void {
    stop();
    try {
      start();
    } catch {
      // The domain was released: the store knows it no more.
      end();
    }
  }

  /** Copies out as much of the backlog as fits. */
  function flush(): void {
    if (backlog.length === 0) return;
    if (replies.room() < 0) {
      fail(PAGE_ERROR.index);
      return;
    }
    const count = replies.write(backlog);
    if (count <= 0) return;
    backlog = backlog.subarray(count);
    announce();
  }

  const transport = {
    send(bytes: Buffer, length: number) {
      backlog = Buffer.concat([backlog, bytes.subarray(0, length)]);
      flush();
    },
    get backlog() {
      return backlog.length;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      // Not because of a notification: nobody looks at what came meanwhile.
      if (!looking) queueMicrotask(kick);
    },
    lost: () => fail(PAGE_ERROR.protocol),
    closed: end,
    reintroduced: restart,
  };

  function receive(): void {
    const count = requests.read(scratch);
    if (count < 0) fail(PAGE_ERROR.index);
    if (count <= 0) return;
    announce();
    session?.receive(scratch, count);
  }

  function look(): void {
    const wanted =
      (features & FEATURE.reconnect) !== 0 && Atomics.load(words, PAGE.connection) === CONNECTION.reconnect;
    if (wanted) restart();
    if (session === undefined) return;
    flush();
    if (backlog.length === 0) session?.drained();
    if (!paused) receive();
  }

  function kick(): void {
    if (ended) return;
    looking = true;
    look();
    looking = false;
    if (changed) notify();
    changed = false;
  }

  start();
  return { kick, close: end };
}
