// SPDX-License-Identifier: Apache-2.0
import type { LinkConnection, Owed } from './connection.ts';
import { createHeader, ENDING, HEADER, KIND, MAX_DATA, STATUS } from './frame.ts';
import type { Pipe } from './pipe.ts';

/** Requests without an answer; the others wait for those. A peer that sends more floods. */
export const MAX_ASKING = 256;
/** Data that is copied behind its header, so that both go as one. */
const SMALL = 4096;
const NOTHING: Uint8Array = new Uint8Array(0);

/** What a link sends: the connections that have something to send, in turns, and answers to requests. */
export interface Outbox {
  /** Requests of the peer that are not answered. */
  readonly unanswered: number;
  /** The peer asked for something. */
  asked(): void;
  /** Answers with a {@link STATUS} other than acceptance, which connections send themselves. */
  refuse(id: number, status: number): void;
  /** The peer answered. @returns false when nothing was asked */
  answered(id: number): boolean;
  /** A connection has something to send. */
  ready(connection: LinkConnection): void;
  /** A connection is over, and its bytes are their owner's again. */
  forget(connection: LinkConnection): void;
  /** Sends what there is room for. */
  send(): void;
  /** Sends nothing any more. */
  close(): void;
}

export function createOutbox(pipe: Pipe): Outbox {
  const queue: LinkConnection[] = [];
  /** Requests that wait for answers to earlier ones, and ids of those. */
  const patient: LinkConnection[] = [];
  const pending = new Set<number>();
  /** Ids and statuses. */
  const refusals: (readonly [number, number])[] = [];
  let unanswered = 0;
  let closed = false;
  let sending = false;

  // What is being written: the rest of a header and what is behind it, then the rest of a large piece of somebody's.
  const head = createHeader(SMALL);
  let from = 0;
  let to = 0;
  let body = NOTHING;
  let sender: LinkConnection | undefined;

  function compose(kind: number, id: number, a = 0, b = 0): void {
    const { words } = head;
    words[0] = kind;
    words[1] = id;
    words[2] = a;
    words[3] = b;
    from = 0;
    to = HEADER;
  }

  const COMPOSE: Readonly<Record<Owed, (connection: LinkConnection) => void>> = {
    request(connection) {
      pending.add(connection.id);
      compose(KIND.connectReq, connection.id, connection.port, connection.paid('request'));
    },
    acceptance(connection) {
      unanswered--;
      compose(KIND.connectRsp, connection.id, STATUS.accepted, connection.paid('acceptance'));
    },
    credit: (connection) => compose(KIND.creditInd, connection.id, connection.paid('credit')),
    finish(connection) {
      compose(KIND.disconnectInd, connection.id, ENDING.finished);
      connection.paid('finish');
    },
    goodbye(connection) {
      compose(KIND.disconnectInd, connection.id, ENDING.gone);
      connection.paid('goodbye');
    },
  };

  function composeData(connection: LinkConnection, first: Uint8Array): void {
    const { id } = connection;
    if (first.length > SMALL) {
      body = first.subarray(0, MAX_DATA);
      sender = connection;
      compose(KIND.dataInd, id, body.length);
      return;
    }
    let length = 0;
    for (let next: Uint8Array | undefined = first; next !== undefined && length < SMALL; next = connection.head()) {
      const part = next.subarray(0, SMALL - length);
      head.bytes.set(part, HEADER + length);
      length += part.length;
      connection.sent(part.length);
    }
    compose(KIND.dataInd, id, length);
    to += length;
  }

  /** Writes what was composed. @returns whether all of it went */
  function write(): boolean {
    while (from < to) {
      const count = pipe.tryWrite(head.bytes.subarray(from, to));
      if (count <= 0) return false;
      from += count;
    }
    while (sender !== undefined) {
      const count = pipe.tryWrite(body);
      if (count <= 0) return false;
      const connection = sender;
      body = body.subarray(count);
      if (body.length === 0) sender = undefined;
      if (connection.state !== 'closed') connection.sent(count);
    }
    return true;
  }

  /** Composes the next message of a connection. @returns false when it has none now */
  function composeNext(connection: LinkConnection): boolean {
    const owed = connection.owed();
    if (owed === 'request' && pending.size >= MAX_ASKING) {
      patient.push(connection);
      return false;
    }
    const first = owed === undefined ? connection.head() : undefined;
    if (owed !== undefined) COMPOSE[owed](connection);
    else if (first !== undefined) composeData(connection, first);
    else return false;
    return true;
  }

  /** Composes what is next. @returns false when there is nothing */
  function next(): boolean {
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      unanswered--;
      compose(KIND.connectRsp, ...refusal);
      return true;
    }
    for (let connection = queue.shift(); connection !== undefined; connection = queue.shift()) {
      connection.queued = false;
      if (!composeNext(connection)) continue;
      // It may have more: behind the others.
      enqueue(connection);
      return true;
    }
    return false;
  }

  function enqueue(connection: LinkConnection): void {
    if (connection.queued) return;
    connection.queued = true;
    queue.push(connection);
  }

  function send(): void {
    if (sending) return;
    sending = true;
    while (!closed && write() && next());
    sending = false;
  }

  return {
    get unanswered() {
      return unanswered;
    },
    asked() {
      unanswered++;
    },
    refuse(id, status) {
      refusals.push([id, status]);
      send();
    },
    answered(id) {
      if (!pending.delete(id)) return false;
      let waiting = patient.shift();
      while (waiting?.state === 'closed') waiting = patient.shift();
      if (waiting !== undefined) enqueue(waiting);
      send();
      return true;
    },
    ready(connection) {
      if (closed) return;
      enqueue(connection);
      send();
    },
    forget(connection) {
      // The message that has begun must be whole.
      if (sender === connection) body = new Uint8Array(body.length);
    },
    send,
    close() {
      closed = true;
    },
  };
}
