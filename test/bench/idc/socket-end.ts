// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { type DrivingEnd, timeEach, timeOf } from './end.ts';

/** First byte of a frame of a message's length. A bulk frame has the bytes that follow it as a word at 4. */
const KIND = { message: 1, question: 2, bulk: 3 } as const;
const HEADER = 8;

/** Serves one connection on a unix socket: takes messages and bulk, answers questions, and bulk when all of it is there. */
export function serveSocket(path: string, messageBytes: number): Promise<unknown> {
  const server = createServer((socket) => {
    const answer = Buffer.alloc(messageBytes);
    let rest = Buffer.alloc(0);
    let bulk = 0;
    socket.on('data', (chunk: Buffer) => {
      let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      while (data.length > 0) {
        if (bulk > 0) {
          const taken = Math.min(bulk, data.length);
          data = data.subarray(taken);
          bulk -= taken;
          if (bulk === 0) socket.write(answer);
        } else {
          if (data.length < messageBytes) break;
          if (data[0] === KIND.question) socket.write(data.subarray(0, messageBytes));
          else if (data[0] === KIND.bulk) bulk = data.readUInt32LE(4);
          data = data.subarray(messageBytes);
        }
      }
      rest = Buffer.from(data);
    });
  });
  server.listen(path);
  return once(server, 'listening');
}

export async function connectSocket(path: string): Promise<Socket> {
  const socket = createConnection(path);
  await once(socket, 'connect');
  return socket;
}

export function driveSocket(socket: Socket, messageBytes: number): DrivingEnd {
  const message = Buffer.alloc(messageBytes, KIND.message);
  const question = Buffer.alloc(messageBytes, KIND.question);
  let received = 0;
  let answered = (): void => {};
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received < messageBytes) return;
    received = 0;
    answered();
  });

  function ask(): Promise<void> {
    return new Promise((resolve) => {
      answered = resolve;
      socket.write(question);
    });
  }

  return {
    async stream(count) {
      for (let sent = 1; sent < count; sent++) if (!socket.write(message)) await once(socket, 'drain');
      await ask();
    },
    ask,
    askAll: (count) => timeEach(count, ask),
    async bulk(bytes, count) {
      const header = Buffer.alloc(Math.max(messageBytes, HEADER), KIND.bulk);
      header.writeUInt32LE(bytes, 4);
      const body = Buffer.alloc(bytes, 1);
      return timeOf(async () => {
        for (let number = 0; number < count; number++) {
          await new Promise<void>((resolve) => {
            answered = resolve;
            socket.write(header);
            socket.write(body);
          });
        }
      });
    },
  };
}
