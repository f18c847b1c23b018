// SPDX-License-Identifier: Apache-2.0
import { type Store, StoreError } from './contract.ts';
import { createWireInput, createWireOutput, XS } from './wire.ts';
import { answer } from './wire-operations.ts';

/** How a session's bytes get to its peer. */
export interface WireTransport {
  /** Takes the first `length` bytes; a copy of what the peer does not accept yet stays here. */
  send(bytes: Buffer, length: number): void;
  /** The peer looks at each message as it comes: a reply need not wait for the next one. */
  readonly prompt?: true;
  /** Bytes that the peer has not accepted. */
  readonly backlog: number;
  /** Bring nothing more until `resume`. */
  pause(): void;
  resume(): void;
  /** The stream is lost: no message can be found in it any longer. */
  lost(): void;
  /** The store closed the connection, because its domain is gone. */
  closed(): void;
  /** The domain was introduced again: its connection begins anew. */
  reintroduced?(): void;
}

/** One client of the wire protocol, at the store's end. */
export interface WireSession {
  /** The first `length` bytes came. Nothing in them can make it throw. They must not change while the transport is paused. */
  receive(bytes: Buffer, length?: number): void;
  /** The backlog is gone: go on. */
  drained(): void;
  close(): void;
}

/** Unaccepted bytes of one client; with more, its requests and events wait: only who does not read is stalled. */
const BACKLOG_LIMIT = 64 * 1024;

/**
 * Serves one connection of a domain: requests are answered in the order they came, those of a batch in one write unless the
 * transport is prompt.
 * @throws StoreError ENOENT for an unknown domain
 */
export function createWireSession(store: Store, domid: number, transport: WireTransport): WireSession {
  const connection = store.connect(domid, deliver, transport.closed, transport.reintroduced);
  const caller = { store, connection };
  const output = createWireOutput();
  const input = createWireInput();
  /** A flush is certain to come. */
  let flushing = false;
  /** Requests or events wait for the peer to accept more, or for another's turn to end. */
  let stalled = false;

  const isFull = () => output.size + transport.backlog > BACKLOG_LIMIT;

  function flush(): void {
    flushing = false;
    send();
    drained();
  }

  function send(): void {
    if (output.size > 0 && !connection.closed) output.flush(transport.send);
  }

  function deliver(path: string, token: string): boolean {
    if (isFull()) {
      stalled = true;
      return false;
    }
    output.event(path, token);
    if (!flushing) {
      flushing = true;
      queueMicrotask(flush);
    }
    return true;
  }

  function reply(): void {
    const { type, requestId, tx, bytes, start, end } = input;
    try {
      output.message(type, requestId, tx, answer(caller, type, tx, bytes, start, end));
    } catch (error) {
      const errno = error instanceof StoreError ? error.errno : 'EIO';
      output.message(XS.error, requestId, tx, `${errno}\0`);
      return;
    }
    // A watch's first event goes out behind the reply, in the same write.
    if (type === XS.watch) connection.drain();
  }

  function run(): void {
    flushing = true;
    while (!connection.closed && !isFull() && !connection.mustWait(drained)) {
      const step = input.next();
      if (step === 'message') {
        reply();
        if (transport.prompt) send();
      } else {
        if (step === 'too-long') transport.lost();
        flush();
        return;
      }
    }
    stalled = true;
    transport.pause();
    flush();
  }

  function drained(): void {
    if (!stalled || connection.closed || isFull() || connection.mustWait(drained)) return;
    stalled = false;
    connection.drain();
    transport.resume();
    run();
  }

  return {
    receive(bytes, length) {
      input.push(bytes, length);
      run();
    },
    drained,
    close: () => connection.close(),
  };
}
