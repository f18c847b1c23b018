// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { VsockConnection } from './contract.ts';
import { CONNECTION, type ConnectionEvent, type ConnectionState } from './frame.ts';
import { createInbox } from './inbox.ts';

/** Bytes that a peer may send at once on a new connection; 1,000 stopped readers keep so much each. */
export const FIRST_WINDOW = 16_384;
/** What it grows to, while its reader keeps up. */
const LAST_WINDOW = 524_288;

/** What a connection needs of its link. */
export interface Carriage {
  /** The connection has something to send. */
  ready(connection: LinkConnection): void;
  /** It is over: nothing of it comes or goes any more. */
  forget(connection: LinkConnection): void;
  /** Takes up to `bytes` of what all windows of the link may grow by; negative gives back. @returns how many */
  grow(bytes: number): number;
}

/** Something to be sent, and who waits for that. */
interface Outgoing {
  readonly bytes: Uint8Array;
  sent: number;
  settle: ((error?: XmError) => void) | undefined;
}

/** What is owed to the peer beside data. */
export type Owed = 'request' | 'acceptance' | 'credit' | 'finish' | 'goodbye';

/** A connection as its link sees it. */
export interface LinkConnection extends VsockConnection {
  readonly id: number;
  readonly state: ConnectionState;
  /** In the queue of those who have something to send. */
  queued: boolean;
  /** The next message that is owed; undefined when that is data, or nothing. */
  owed(): Owed | undefined;
  /** The message was sent. @returns bytes of credit for `request`, `acceptance` and `credit` */
  paid(owed: Owed): number;
  /** The first bytes that may be sent now; undefined when there are none, or no credit. */
  head(): Uint8Array | undefined;
  /** So many of them were sent. */
  sent(count: number): void;
  /** Credit came. @returns false when that cannot be */
  credited(bytes: number): boolean;
  /** So many bytes will come. @returns false when the peer has no credit for them */
  announced(length: number): boolean;
  /** Where up to `length` of them go. */
  place(length: number): Uint8Array;
  /** So many were put there. @returns whether somebody waited for them, who may come again */
  placed(count: number): boolean;
  /** Something happened. @returns false when it must not, in this state */
  happen(event: ConnectionEvent, why?: XmError): boolean;
}

/**
 * One connection of a link: what it may send, what it has received.
 *
 * @param asking whether this end asks for it, or else has accepted it
 */
export function createConnection(
  link: Carriage,
  { id, peer, port, asking }: Pick<LinkConnection, 'id' | 'peer' | 'port'> & { readonly asking: boolean },
): LinkConnection {
  const inbox = createInbox();
  const outgoing: Outgoing[] = [];
  const debts = new Set<Owed>([asking ? 'request' : 'acceptance']);
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<XmError | undefined>();
  opened.promise.catch(() => {});
  let state: ConnectionState = asking ? 'asking' : 'open';
  /** What this end may send; what the peer may. */
  let credit = 0;
  let granted = FIRST_WINDOW;
  let window = FIRST_WINDOW;
  /** Read here, and not yet given back to the peer as credit. */
  let returned = 0;
  let finishing = false;
  let failure: XmError | undefined;
  let waiting: { readonly target: Uint8Array; readonly settle: (count: number) => void } | undefined;

  if (!asking) opened.resolve();

  /** Nothing more will be read than is there. */
  const drained = (): boolean => state === 'closed' || state === 'finished';

  function owe(owed: Owed): void {
    debts.add(owed);
    link.ready(connection);
  }

  function consumed(count: number): void {
    if (drained()) return;
    returned += count;
    if (returned >= window / 2) owe('credit');
  }

  /** The credit that is due. A reader who keeps up gets a larger window. */
  function grant(): number {
    const more = inbox.size === 0 ? link.grow(Math.min(window, LAST_WINDOW - window)) : 0;
    const bytes = returned + more;
    window += more;
    granted += bytes;
    returned = 0;
    return bytes;
  }

  function close(why: XmError | undefined): void {
    failure = why;
    link.grow(FIRST_WINDOW - window);
    link.forget(connection);
    const lost = why ?? new XmError('EPIPE', 'the connection is closed');
    opened.reject(lost);
    for (const one of outgoing.splice(0)) one.settle?.(lost);
    answerReader();
    closed.resolve(why);
  }

  /** Who waits for bytes learns that there will be none. */
  function answerReader(): void {
    const reader = waiting;
    waiting = undefined;
    reader?.settle(0);
  }

  const connection: LinkConnection = {
    id,
    peer,
    port,
    opened: opened.promise,
    closed: closed.promise,
    queued: false,
    get state() {
      return state;
    },
    get buffered() {
      return inbox.size;
    },
    async read(target) {
      if (waiting !== undefined) throw new Error('somebody reads already');
      if (inbox.size > 0) {
        const count = inbox.take(target);
        consumed(count);
        return count;
      }
      if (!drained()) {
        const count = await new Promise<number>((settle) => {
          waiting = { target, settle };
        });
        if (count > 0) return count;
      }
      if (failure !== undefined) throw failure;
      return 0;
    },
    write(bytes) {
      if (finishing || state === 'closed') {
        return Promise.reject(failure ?? new XmError('EPIPE', 'the connection is closed for writing'));
      }
      if (bytes.length === 0) return undefined;
      const one: Outgoing = { bytes, sent: 0, settle: undefined };
      outgoing.push(one);
      link.ready(connection);
      if (one.sent === bytes.length) return undefined;
      return new Promise((resolve, reject) => {
        one.settle = (error) => (error === undefined ? resolve() : reject(error));
        // It failed before anybody could wait for it.
        if (state === 'closed') one.settle(failure ?? new XmError('EPIPE', 'the connection is closed'));
      });
    },
    end() {
      if (finishing || state === 'closed') return;
      finishing = true;
      link.ready(connection);
    },
    cut() {
      if (state === 'closed') return;
      const asked = !debts.has('request');
      connection.happen('cut');
      debts.delete('credit');
      // A request that was not sent is not taken back; one that was accepted has its answer first.
      if (asked) owe('goodbye');
      else debts.clear();
    },
    owed() {
      for (const owed of debts) return owed;
      return finishing && outgoing.length === 0 && CONNECTION[state].sentAll !== undefined ? 'finish' : undefined;
    },
    paid(owed) {
      debts.delete(owed);
      if (owed === 'credit') return grant();
      if (owed === 'finish') connection.happen('sentAll');
      return FIRST_WINDOW;
    },
    head() {
      const [first] = outgoing;
      if (first === undefined || credit === 0 || state === 'asking' || state === 'closed') return undefined;
      return first.bytes.subarray(first.sent, first.sent + credit);
    },
    sent(count) {
      const first = outgoing[0]!;
      first.sent += count;
      credit -= count;
      if (first.sent < first.bytes.length) return;
      outgoing.shift();
      first.settle?.();
    },
    credited(bytes) {
      if (bytes <= 0 || credit + bytes > 2 ** 31 - 1) return false;
      credit += bytes;
      return true;
    },
    announced(length) {
      granted -= length;
      return granted >= 0;
    },
    place: (length) => waiting?.target.subarray(0, length) ?? inbox.place(length),
    placed(count) {
      const reader = waiting;
      if (reader === undefined) {
        inbox.put(count);
        return false;
      }
      waiting = undefined;
      reader.settle(count);
      consumed(count);
      return true;
    },
    happen(event, why) {
      const next = CONNECTION[state][event];
      if (next === undefined) return false;
      state = next;
      if (event === 'accepted') opened.resolve();
      if (event === 'cut') inbox.clear();
      if (next === 'closed') close(why);
      else if (drained()) answerReader();
      return true;
    },
  };
  return connection;
}
