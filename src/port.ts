// SPDX-License-Identifier: Apache-2.0

/** One end of a two-way line of messages: a `MessagePort`, or one of many lines over a single such port. */
export interface Port {
  /** @throws when the message cannot be copied */
  postMessage(message: unknown): void;
  on<Message>(event: 'message', listener: (message: Message) => void): unknown;
  /** Nothing comes any more, whichever end closed. */
  on(event: 'close', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  close(): void;
  /** Hands over what has arrived, now, for who may not yield; a `MessagePort` is read instead. */
  deliver?(): void;
}
