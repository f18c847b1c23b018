// SPDX-License-Identifier: Apache-2.0

import { messageOf } from '../errors.ts';
import type { Port } from '../port.ts';
import type { ChannelTrace } from '../trace/channel.ts';
import { POINT } from '../trace/points.ts';

/** Statuses of answers (spec/xend.md 3.2). */
export const CMSG_STATUS = {
  okay: 0,
  error: 1,
  interfaceExists: 2,
  interfaceNotFound: 3,
  interfaceConnected: 4,
  deviceExists: 5,
  deviceNotFound: 6,
  outOfMemory: 7,
  physdevNotFound: 8,
  mappingError: 9,
} as const;

/** FE interface status (spec/xend.md 3.2). */
export const INTERFACE = { closed: 0, disconnected: 1, connected: 2, changed: 3 } as const;

/** Driver status. */
export const DRIVER = { down: 0, up: 1 } as const;

/** What a message carries beside its type. */
export type ControlBody = Readonly<Record<string, unknown>>;

/** The answer to a request: a status, for people a reason, and what the subtype defines. */
export interface ControlAnswer extends ControlBody {
  readonly status: number;
  readonly reason?: string;
  /** The other end has gone and will never answer. */
  readonly gone?: boolean;
  /** There was no answer; this many milliseconds were waited for it. */
  readonly late?: number;
}

/** Handles one request of the other end. A rejection is answered with status `error` and its message. */
export type ControlHandler = (
  type: string,
  subtype: string,
  body: ControlBody,
) => Promise<ControlAnswer> | ControlAnswer;

/** One end of the control channel between xend and a domain. Every request is answered. */
export interface ControlChannel {
  /**
   * Sends a request, e.g. `('VBD_FE', 'INTERFACE_STATUS', {handle, status})`. Never rejects: a domain that has gone, or
   * has not answered within `timeout` milliseconds, is an answer with status `error`.
   */
  request(type: string, subtype: string, body?: ControlBody, timeout?: number): Promise<ControlAnswer>;
  close(): void;
}

interface Request {
  readonly id: number;
  readonly type: string;
  readonly subtype: string;
  readonly body: ControlBody;
}

interface Answer {
  readonly id: number;
  readonly answer: ControlAnswer;
}

/** Longest wait for an answer; the old xend's was 20 s too (spec/xend.md 3.4). */
const ANSWER_LIMIT = 20_000;

/** Longest wait until all devices of a class are let go, milliseconds: the answers to several requests in a row. */
export const DOWN_LIMIT = 4 * ANSWER_LIMIT;

/** An answer that only says that all is well. */
export const OKAY: ControlAnswer = { status: CMSG_STATUS.okay };

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** @param trace as what it is recorded */
export function createControlChannel(
  port: Port,
  handle: ControlHandler,
  { recorder, mine, theirs }: ChannelTrace,
): ControlChannel {
  const pending = new Map<number, (answer: ControlAnswer) => void>();
  let nextId = 1;
  let closed = false;

  async function answer({ id, type, subtype, body }: Request): Promise<void> {
    let reply: ControlAnswer;
    if (recorder.on) recorder.text(POINT.controlServe, theirs, id, `${type} ${subtype}`);
    try {
      reply = await handle(type, subtype, body);
    } catch (error) {
      reply = { status: CMSG_STATUS.error, reason: messageOf(error) };
    }
    if (recorder.on) recorder.text(POINT.controlAnswer, theirs, id, `${type} ${subtype}`);
    if (!closed) port.postMessage({ id, answer: reply } satisfies Answer);
  }

  port.on('message', (message: unknown) => {
    const { id, type, subtype, body, answer: reply }: Record<string, unknown> = Object(message);
    // Who gives no number waits for no answer; another kind of id (a port, say) could not even be sent back.
    if (typeof id !== 'number') return;
    if (reply === undefined) {
      void answer({ id, type: text(type), subtype: text(subtype), body: Object(body) });
      return;
    }
    pending.get(id)?.(Object(reply));
    pending.delete(id);
  });
  port.once('close', () => {
    closed = true;
    for (const settle of pending.values())
      settle({ status: CMSG_STATUS.error, reason: 'the domain is gone', gone: true });
    pending.clear();
  });

  return {
    request(type, subtype, body = {}, timeout = ANSWER_LIMIT) {
      if (closed) return Promise.resolve({ status: CMSG_STATUS.error, reason: 'the domain is gone', gone: true });
      const id = nextId++;
      return new Promise((resolve) => {
        const limit = setTimeout(() => {
          pending.delete(id);
          const reason = `no answer to ${type} ${subtype} within ${timeout / 1000} s`;
          resolve({ status: CMSG_STATUS.error, reason, late: timeout });
        }, timeout);
        if (recorder.on) recorder.text(POINT.controlAsk, mine, id, `${type} ${subtype}`);
        pending.set(id, (reply) => {
          clearTimeout(limit);
          if (recorder.on) recorder.text(POINT.controlDone, mine, id, `${type} ${subtype}`);
          resolve(reply);
        });
        port.postMessage({ id, type, subtype, body } satisfies Request);
      });
    },
    close: () => port.close(),
  };
}
