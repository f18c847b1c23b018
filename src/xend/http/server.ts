// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import {
  createServer,
  type ServerOptions as HttpOptions,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Server as NetServer } from 'node:net';
import { XmError } from '../../errors.ts';
import { PROTOCOL, PROTOCOL_HEADER } from '../contract.ts';
import type { Xend } from '../service.ts';
import { DEFECT, errorOf, send } from './answer.ts';
import { followEvents } from './events.ts';
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
  rmSync(socket, { force: true });
  const server = createServer(timeLimits(options), answers(xend, options));
  server.listen(socket);
  await listening(xend, server);
  chmodSync(socket, 0o600);
  return server;
}

/** Waits until a server listens. An error after that is a client's who could not be accepted: it is logged. */
export async function listening(xend: Xend, server: NetServer): Promise<void> {
  await once(server, 'listening');
  server.on('error', (error) => xend.log.write('ERROR', `A client was not accepted: ${error.message}`));
}

/** How long clients of a server may take, as Node's servers are told. */
export type TimeLimits = Required<
  Pick<HttpOptions, 'headersTimeout' | 'requestTimeout' | 'connectionsCheckingInterval'>
>;

/** The limits of some options. */
export function timeLimits({ headerLimit = 20_000, requestLimit = 60_000 }: ServerOptions): TimeLimits {
  return {
    headersTimeout: headerLimit,
    requestTimeout: requestLimit,
    connectionsCheckingInterval: headerLimit / 4,
  };
}

/** What answers the requests of a server. */
export function answers(xend: Xend, { protocol = PROTOCOL }: ServerOptions): RequestListener {
  return (request, response) => {
    response.setHeader(PROTOCOL_HEADER, String(protocol));
    void route(xend, request, response, protocol).catch((error) => refuse(xend, response, error));
  };
}

/** What is asked of a server, and how it is answered. */
interface Exchange {
  readonly xend: Xend;
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly protocol: number;
}

interface Route {
  readonly path: RegExp;
  /** Absent for all: what answers refuses some in its own form. */
  readonly method?: 'GET' | 'POST';
  /** @param part what the path holds in parentheses */
  readonly answer: (exchange: Exchange, part: string) => void | Promise<void>;
}

const ROUTES: readonly Route[] = [
  {
    path: /^\/api\/(.+)$/,
    method: 'POST',
    answer: async ({ xend, request, response, protocol }, method) =>
      sendJson(response, 200, await callJson(xend, method, request, protocol)),
  },
  {
    path: /^\/RPC2$/,
    method: 'POST',
    answer: async ({ xend, request, response }) => send(response, 200, 'text/xml', await callRpc(xend, request)),
  },
  {
    path: /^\/xend(?:\/|$)/,
    answer: ({ xend, url, request, response }) => answerPage(xend, url, request, response),
  },
  {
    path: /^\/log$/,
    method: 'GET',
    answer: ({ xend, url, response }) => followLog(xend, url.searchParams, response),
  },
  {
    path: /^\/events$/,
    method: 'GET',
    answer: ({ xend, url, response }) => followEvents(xend, url.searchParams, response),
  },
  {
    path: /^\/version$/,
    method: 'GET',
    answer: ({ xend, response }) => sendJson(response, 200, xend.status()),
  },
];

async function route(xend: Xend, request: IncomingMessage, response: ServerResponse, protocol: number): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://xend');
  const there = ROUTES.filter(({ path }) => url !== null && path.test(url.pathname));
  if (url === null || there.length === 0) throw new XmError(NO_ADDRESS, `xend has no address ${request.url}`);
  const found = there.find(({ method }) => method === undefined || method === request.method);
  if (found === undefined) {
    const allowed = there.map(({ method }) => method).join(', ');
    response.setHeader('Allow', allowed);
    throw new XmError(NOT_ALLOWED, `${url.pathname} takes ${allowed}, not ${request.method}`);
  }
  await found.answer({ xend, url, request, response, protocol }, found.path.exec(url.pathname)?.[1] ?? '');
}

const NO_ADDRESS = 'ENOADDRESS';
const NOT_ALLOWED = 'ENOTALLOWED';

/** Statuses of errors; 404 for an unknown domain too, and 400 for all others. */
const STATUSES: Readonly<Record<string, number>> = { [DEFECT]: 500, [NO_ADDRESS]: 404, [NOT_ALLOWED]: 405 };

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
  sendJson(response, STATUSES[error.code] ?? (error.exit === 3 ? 404 : 400), { error });
}
