// SPDX-License-Identifier: Apache-2.0
import { MessagePort } from 'node:worker_threads';
import type { Port } from '../port.ts';
import { createClient } from './client.ts';
import type { XenstoreClient } from './client-contract.ts';
import { type Store, StoreError } from './contract.ts';
import { openLane } from './lane-client.ts';
import { type ServedLane, serveLane } from './lane-server.ts';
import { EVENT_WINDOW, perform, type Reply } from './messages.ts';
import { createPortTransport } from './port-transport.ts';
import { DEFAULT_QUOTAS } from './quotas.ts';
import { createWireTransport } from './wire-transport.ts';

export type { StoreWatch, XenstoreAccess, XenstoreClient } from './client-contract.ts';

/** A domain's connection at the store's end. */
export interface ServedStore {
  /** Ends the connection: its watches and transactions go, the client's calls fail. */
  close(): void;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value);

/**
 * Serves one domain over a message port, and over a lane (lane.ts) if it asks for one; nothing the domain sends can throw here.
 * Requests are answered in order. A domain with more messages under way than `outstanding` allows loses the connection, and so
 * does one whose port closes; in a lane, its room is the limit.
 * @throws StoreError ENOENT for a domain that was never introduced
 */
export function serveStore(store: Store, domid: number, port: Port): ServedStore {
  const replies = { sent: 0, seen: 0 };
  const events = { sent: 0, seen: 0 };
  const post = (reply: Reply) => port.postMessage(reply);

  const connection = store.connect(
    domid,
    (event, token) => {
      if (events.sent - events.seen >= EVENT_WINDOW) return false;
      events.sent++;
      post({ event, token });
      return true;
    },
    () => port.close(),
  );

  let lane: ServedLane | undefined;

  function close(): void {
    end();
    port.close();
  }

  function end(): void {
    connection.close();
    lane?.close();
  }

  /** Requests that came while they have to wait. */
  const held: Readonly<Record<string, unknown>>[] = [];

  function goOn(): void {
    while (held.length > 0 && !connection.mustWait(goOn)) carryOut(held.shift()!);
  }

  function answer(request: Readonly<Record<string, unknown>>): void {
    if (isCount(request.seen)) replies.seen = Math.min(request.seen, replies.sent);
    if (replies.sent + held.length - replies.seen >= store.quotas.outstanding) {
      close();
      return;
    }
    held.push(request);
    goOn();
  }

  function carryOut(request: Readonly<Record<string, unknown>>): void {
    const id = isCount(request.id) ? request.id : -1;
    replies.sent++;
    try {
      post({ id, result: perform(connection, request.op, request.args, request.tx) });
    } catch (error) {
      post({ id, errno: error instanceof StoreError ? error.errno : 'EIO' });
    }
  }

  function receive(message: unknown): void {
    if (!isRecord(message)) answer({});
    else if (message.kick === true) lane?.kick();
    else if (message.lane === true) giveLane();
    else if (isCount(message.events)) {
      events.seen = Math.min(message.events, events.sent);
      connection.drain();
    } else answer(message);
  }

  function giveLane(): void {
    if (connection.closed) return;
    lane ??= serveLane(store, domid, () => port.postMessage({ wake: true }), close);
    port.postMessage({ lane: lane.memory });
  }

  port.on('message', receive);
  port.on('close', end);
  return { close };
}

/** Settings of {@link connectStore}. */
export interface ConnectOptions {
  /** Requests under way at a time, at most the store's quota of that name; more wait their turn. A lane has no such limit. */
  readonly outstanding?: number;
}

/** The domain's end of {@link serveStore}: its view of the store. When the port closes, pending calls fail with EIO. */
export function connectStore(port: Port, options: ConnectOptions = {}): XenstoreClient {
  const outstanding = options.outstanding ?? DEFAULT_QUOTAS.outstanding;
  return createClient((onEvent) =>
    port instanceof MessagePort
      ? createWireTransport(openLane(port), onEvent)
      : createPortTransport(port, onEvent, outstanding),
  );
}
