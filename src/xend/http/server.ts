// SPDX-License-Identifier: Apache-2.0
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { XmError } from '../../errors.ts';
import { PROTOCOL, PROTOCOL_HEADER } from '../contract.ts';
import type { Xend } from '../service.ts';
import { DEFECT, errorOf, send } from './answer.ts';
import { callJson } from './json.ts';
import { followLog } from './log.ts';
import { answerPage } from './pages.ts';
import { callRpc } from './rpc.ts';

/** Settings of the server that are not for users. */
export interface ServerOptions {
  /** Protocol number of its JSON. */
  readonly protocol?: number;
  /** How long a client may take for a header, and for a whole request, milliseconds. */
  readonly headerLimit?: number;
  readonly requestLimit?: number;
}

/** Serves {@link Xend} on its unix socket (see `contract.ts`), which it replaces if one is there. */
export async function serveXend(xend: Xend, socket: string, options: ServerOptions = {}): Promise<Server> {
  const { protocol = PROTOCOL, headerLimit = 20_000, requestLimit = 60_000 } = options;
  rmSync(socket, { force: true });
  const limits = {
    headersTimeout: headerLimit,
    requestTimeout: requestLimit,
    connectionsCheckingInterval: headerLimit / 4,
  };
  const server = createServer(limits, (request, response) => {
    response.setHeader(PROTOCOL_HEADER, String(protocol));
    void route(xend, request, response, protocol).catch((error) => refuse(xend, response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  chmodSync(socket, 0o600);
  return server;
}

async function route(xend: Xend, request: IncomingMessage, response: ServerResponse, protocol: number): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://xend');
  if (url === null) throw new XmError('ENOMETHOD', 'xend has no such address');
  const [, method] = /^\/api\/(.+)$/.exec(url.pathname) ?? [];
  if (request.method === 'POST' && method !== undefined) {
    sendJson(response, 200, await callJson(xend, method, request, protocol));
  } else if (request.method === 'POST' && url.pathname === '/RPC2') {
    send(response, 200, 'text/xml', await callRpc(xend, request));
  } else if (/^\/xend(?:\/|$)/.test(url.pathname)) {
    await answerPage(xend, url, request, response);
  } else if (request.method === 'GET' && url.pathname === '/log') {
    followLog(xend, url.searchParams, response);
  } else if (request.method === 'GET' && url.pathname === '/version') {
    sendJson(response, 200, xend.status());
  } else {
    throw new XmError('ENOMETHOD', `xend has no ${request.method} ${url.pathname}`);
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', JSON.stringify(value));
}

function refuse(xend: Xend, response: ServerResponse, thrown: unknown): void {
  // The second: its client has hung up.
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const error = errorOf(xend, thrown);
  sendJson(response, error.code === DEFECT ? 500 : error.exit === 3 ? 404 : 400, { error });
}
