// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back on a connection until the other end closed it. */
export interface RawAnswer {
  /** 0 when there was no status line. */
  readonly status: number;
  /** The status line and what follows it, up to the body. */
  readonly headers: string;
  readonly body: string;
}

/** A connection to a unix socket on which anything may be written. */
export interface RawClient {
  readonly socket: Socket;
  /** Resolves when the other end has closed the connection. */
  readonly answer: Promise<RawAnswer>;
}

export async function rawConnect(path: string): Promise<RawClient> {
  const socket = connect(path);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  // Where the other end does not wait for what is still written.
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const answer = closed.then((): RawAnswer => {
    const [head = '', ...rest] = text.split('\r\n\r\n');
    return {
      status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0),
      headers: head,
      body: rest.join('\r\n\r\n'),
    };
  });
  await once(socket, 'connect');
  return { socket, answer };
}

/** A whole request with a body, which closes the connection. */
export function httpText(method: string, path: string, body = ''): string {
  return `${method} ${path} HTTP/1.0\r\nHost: xend\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Sends bytes as they are and waits for the end of the connection. */
export async function rawSend(path: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const { socket, answer } = await rawConnect(path);
  socket.write(bytes);
  return answer;
}
