// SPDX-License-Identifier: Apache-2.0
import type { MessagePort } from 'node:worker_threads';
import * as comlink from 'comlink';
import { type DrivingEnd, timeEach } from './end.ts';

/** What is called. */
const service = { echo: (body: Uint8Array) => body, take: (_body: Uint8Array) => true };

/** Calls on the way at a time, in a flood of them. */
const WINDOW = 256;

/** Node's ports have all that Comlink asks of one, though not by its types. */
const endpointOf = (port: MessagePort): comlink.Endpoint => port as unknown as comlink.Endpoint;

/** Answers calls. */
export function serveComlink(port: MessagePort): void {
  comlink.expose(service, endpointOf(port));
}

/** Calls functions of the other thread; there is nothing that goes one way. */
export function driveComlink(port: MessagePort, messageBytes: number): DrivingEnd {
  const remote = comlink.wrap<typeof service>(endpointOf(port));
  const body = new Uint8Array(messageBytes).fill(1);

  async function ask(): Promise<void> {
    await remote.echo(body);
  }

  return {
    async stream(count) {
      for (let sent = 0; sent < count; sent += WINDOW) {
        await Promise.all(Array.from({ length: Math.min(WINDOW, count - sent) }, () => remote.take(body)));
      }
    },
    ask,
    askAll: (count) => timeEach(count, ask),
  };
}
