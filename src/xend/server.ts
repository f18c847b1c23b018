// SPDX-License-Identifier: Apache-2.0
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf, XmError } from '../errors.ts';
import { type ApiError, PROTOCOL, type XendMethod } from './contract.ts';
import { checkParams } from './params.ts';
import type { Xend } from './service.ts';

/** A request's body may hold a configuration file of this size, and some frame around it. */
const BODY_LIMIT = 4 * 1024 * 1024;
/** Log lines that wait for a slow follower, in bytes; one that is further behind is cut off. */
const FOLLOW_LIMIT = 4 * 1024 * 1024;

/** Serves {@link Xend} on its unix socket (see `contract.ts`), which it replaces if one is there. */
export async function serveXend(xend: Xend, socket: string): Promise<Server> {
  rmSync(socket, { force: true });
  const server = createServer((request, response) => {
    response.setHeader('xend-protocol', String(PROTOCOL));
    void route(xend, request, response).catch((error) => sendError(xend, response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  chmodSync(socket, 0o600);
  return server;
}

async function route(xend: Xend, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://xend');
  if (url === null) throw new XmError('ENOMETHOD', 'xend has no such address');
  const [, method = ''] = /^\/api\/(.+)$/.exec(url.pathname) ?? [];
  if (request.method === 'POST' && Object.hasOwn(xend.methods, method)) {
    const params = checkParams(method as XendMethod, await readJson(request));
    const call = xend.methods[method as XendMethod] as (params: unknown) => Promise<unknown>;
    send(response, 200, await call(params));
  } else if (request.method === 'GET' && url.pathname === '/log') {
    followLog(xend, url.searchParams, response);
  } else if (request.method === 'GET' && url.pathname === '/version') {
    send(response, 200, xend.status());
  } else {
    throw new XmError('ENOMETHOD', `xend has no ${request.method} ${url.pathname}`);
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    // Read to its end all the same: who still sends would not see the answer.
    if (size <= BODY_LIMIT) chunks.push(chunk as Buffer);
  }
  if (size > BODY_LIMIT) {
    throw new XmError('ETOOBIG', `The request is too large: ${size} bytes of at most ${BODY_LIMIT}`);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  } catch {
    throw new XmError('EINVAL', 'The request is not a JSON object');
  }
}

function followLog(xend: Xend, query: URLSearchParams, response: ServerResponse): void {
  const range = checkParams(
    'log.read',
    Object.fromEntries([...query].map(([name, value]) => [name, value === '' ? Number.NaN : Number(value)])),
  );
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  for (const line of xend.log.read(range)) response.write(`${line}\n`);
  response.flushHeaders();
  const stop = xend.log.follow((line) => {
    response.write(`${line}\n`);
    if (response.writableLength > FOLLOW_LIMIT) response.destroy();
  });
  response.once('close', stop);
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function sendError(xend: Xend, response: ServerResponse, thrown: unknown): void {
  // The second: its client has hung up.
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known = thrown instanceof XmError;
  if (!known) xend.log.write('ERROR', thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  const error: ApiError = {
    code: known ? thrown.code : 'EINTERNAL',
    message: known ? thrown.message : `Unexpected error: ${messageOf(thrown)}`,
    exit: known ? thrown.exit : 1,
    ...(known && thrown.hint !== undefined ? { hint: thrown.hint } : {}),
  };
  send(response, known ? (error.exit === 3 ? 404 : 400) : 500, { error });
}
