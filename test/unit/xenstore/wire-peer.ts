// SPDX-License-Identifier: Apache-2.0
import type { Store } from '../../../src/xenstore/contract.ts';
import { createWireInput, XS } from '../../../src/xenstore/wire.ts';
import { createWireSession } from '../../../src/xenstore/wire-session.ts';
import { wireRequest } from '../../support/wire-request.ts';

/** What came back: the type's name, the ids and the payload. */
export interface WireMessage {
  readonly type: string;
  readonly requestId: number;
  readonly tx: number;
  readonly payload: string;
}

const NAMES: readonly (string | undefined)[] = Object.entries(XS).reduce<(string | undefined)[]>(
  (names, [name, type]) => {
    names[type] = name;
    return names;
  },
  [],
);

/** All messages in some bytes. */
export function wireMessages(bytes: Buffer): WireMessage[] {
  const input = createWireInput();
  input.push(bytes);
  const found: WireMessage[] = [];
  while (input.next() === 'message') {
    const { type, requestId, tx, start, end } = input;
    found.push({
      type: NAMES[type] ?? String(type),
      requestId,
      tx,
      payload: input.bytes.toString('latin1', start, end),
    });
  }
  return found;
}

/** A session with a peer in the test's hand: `accepts` says whether it takes bytes. */
export function wirePeer(store: Store, domid = 0) {
  let taken: Buffer[] = [];
  let waiting: Buffer[] = [];
  const peer = {
    accepts: true,
    paused: false,
    lost: false,
    closed: false,
    /** Number of writes so far. */
    writes: 0,
    get backlog(): number {
      return waiting.reduce((sum, bytes) => sum + bytes.length, 0);
    },
    session: createWireSession(store, domid, {
      send(bytes, length) {
        peer.writes++;
        (peer.accepts ? taken : waiting).push(Buffer.from(bytes.subarray(0, length)));
      },
      get backlog(): number {
        return peer.backlog;
      },
      pause() {
        peer.paused = true;
      },
      resume() {
        peer.paused = false;
      },
      lost() {
        peer.lost = true;
      },
      closed() {
        peer.closed = true;
      },
    }),
    /** The peer takes what waits. */
    drain() {
      taken.push(...waiting);
      waiting = [];
      peer.session.drained();
    },
    /** What came since the last look. */
    heard(): WireMessage[] {
      const messages = wireMessages(Buffer.concat(taken));
      taken = [];
      return messages;
    },
    /** One request, and all that came by it as `type payload`; NULs are shown as `|`. */
    ask(type: number, payload = '', tx = 0): string {
      peer.session.receive(wireRequest(type, payload, { tx }));
      return peer.shown().join(' ');
    },
    shown: () => peer.heard().map(({ type, payload }) => `${type}:${payload.replaceAll('\0', '|')}`),
  };
  return peer;
}
