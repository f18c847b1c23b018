// SPDX-License-Identifier: Apache-2.0
import type { MessagePort } from 'node:worker_threads';
import { type DrivingEnd, timeEach, timeOf } from './end.ts';

interface Question {
  readonly question: Uint8Array<ArrayBuffer>;
  /** Whether one byte does for an answer: what was cloned stays where it is. */
  readonly brief: boolean;
}

/** Answers questions with what they bring; everything else is only taken. Transferred memory goes back. */
export function servePort(port: MessagePort, transfer: boolean): void {
  port.on('message', (message: Uint8Array | Question) => {
    if (message instanceof Uint8Array) return;
    const { question, brief } = message;
    if (transfer) port.postMessage(question, [question.buffer]);
    else port.postMessage(brief ? new Uint8Array(1) : question);
  });
}

/** Messages cloned, as `postMessage` sends them by itself, or transferred. */
export function drivePort(port: MessagePort, messageBytes: number, transfer: boolean): DrivingEnd {
  let body = new Uint8Array(messageBytes).fill(1);
  let answered = (_body: Uint8Array<ArrayBuffer>): void => {};
  port.on('message', (message) => answered(message));

  function ask(question: Uint8Array<ArrayBuffer>, brief: boolean): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve) => {
      answered = resolve;
      port.postMessage({ question, brief } satisfies Question, transfer ? [question.buffer] : []);
    });
  }

  async function askBody(): Promise<void> {
    body = await ask(body, false);
  }

  return {
    async stream(count) {
      for (let sent = 1; sent < count; sent++) {
        if (transfer) {
          const fresh = new Uint8Array(messageBytes);
          port.postMessage(fresh, [fresh.buffer]);
        } else port.postMessage(body);
      }
      await askBody();
    },
    ask: askBody,
    askAll: (count) => timeEach(count, askBody),
    async bulk(bytes, count) {
      let bulk = new Uint8Array(bytes).fill(1);
      return timeOf(async () => {
        for (let number = 0; number < count; number++) {
          const answer = await ask(bulk, true);
          if (transfer) bulk = answer;
        }
      });
    },
  };
}
