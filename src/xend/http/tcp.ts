// SPDX-License-Identifier: Apache-2.0
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TcpConfig } from '../../config/xend-tcp.ts';
import { messageOf, XmError } from '../../errors.ts';
import type { Xend } from '../service.ts';
import { answers, listening, type ServerOptions, type TimeLimits, timeLimits } from './server.ts';

/** Connections at a time: those who may not come in count too. */
const MAX_CONNECTIONS = 100;
/** A token that is shorter could be found by trying. */
const MIN_TOKEN = 16;

/**
 * Serves {@link Xend} on a TCP port too, to clients that have a certificate, know the token, or both, as configured.
 *
 * @throws XmError `ECONFIG` if a file cannot be used, or the address
 */
export async function serveTcp(
  xend: Xend,
  config: TcpConfig,
  options: ServerOptions = {},
): Promise<Server | TlsServer> {
  const { address, port, tls, tokenFile } = config;
  if (tls?.caFile === undefined && tokenFile === undefined) throw new Error('a TCP server that lets in anybody');
  const open = answers(xend, options);
  const listener = tokenFile === undefined ? open : guarded(open, readToken(tokenFile));
  const limits = timeLimits(options);
  const server = tls === undefined ? createServer(limits, listener) : createTls(tls, limits, listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, address);
  await listening(xend, server).catch((error) => {
    throw new XmError('ECONFIG', `xend cannot listen on ${address}, port ${port}: ${messageOf(error)}`);
  });
  const whom = [
    ...(tls?.caFile === undefined ? [] : ['a certificate']),
    ...(tokenFile === undefined ? [] : ['the token']),
  ];
  const { port: bound } = server.address() as AddressInfo;
  xend.log.write('INFO', `Listening on ${address}, port ${bound}, for clients with ${whom.join(' and ')}`);
  return server;
}

function createTls(tls: NonNullable<TcpConfig['tls']>, limits: TimeLimits, listener: RequestListener): TlsServer {
  const { keyFile, certFile, caFile } = tls;
  const files = { key: readText(keyFile), cert: readText(certFile) };
  const clients = caFile === undefined ? {} : { ca: readText(caFile), requestCert: true, rejectUnauthorized: true };
  try {
    return createTlsServer({ ...limits, handshakeTimeout: limits.headersTimeout, ...files, ...clients }, listener);
  } catch (error) {
    throw new XmError('ECONFIG', `${keyFile} and ${certFile} are no key with its certificate: ${messageOf(error)}`);
  }
}

/** Lets through who says the token: as the password of Basic, which XML-RPC clients take from an address, or as Bearer. */
function guarded(listener: RequestListener, token: string): RequestListener {
  const right = digest(token);
  return (request, response) => {
    const [scheme = '', given = ''] = (request.headers.authorization ?? '').split(' ', 2);
    const basic = scheme.toLowerCase() === 'basic';
    const said = basic
      ? Buffer.from(given, 'base64')
          .toString('utf8')
          .replace(/^[^:]*:/, '')
      : given;
    if (timingSafeEqual(digest(said), right)) listener(request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="xend"', connection: 'close' }).end();
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function readToken(file: string): string {
  const token = readText(file).trim();
  if ((statSync(file).mode & 0o077) !== 0) throw new XmError('ECONFIG', `${file} may be for its owner's eyes only`);
  if (token.length < MIN_TOKEN) throw new XmError('ECONFIG', `${file} holds less than ${MIN_TOKEN} characters`);
  return token;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new XmError('ECONFIG', `Unable to read ${file}: ${messageOf(error)}`, { cause: error });
  }
}
