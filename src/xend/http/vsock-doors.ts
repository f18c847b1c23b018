// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { CMSG_STATUS } from '../../domain/control.ts';
import { messageOf, XmError } from '../../errors.ts';
import type { DomId } from '../../hv/contract.ts';
import type { ControlPeer } from '../device.ts';
import type { XmlRpcValue } from '../xmlrpc/contract.ts';
import { decodeCall } from '../xmlrpc/decode.ts';
import { encodeFault, encodeResult } from '../xmlrpc/encode.ts';
import { readBody, textOf } from './body.ts';

/** A call may wait as long as its client does: `accept` for a connection, `recv` for bytes. */
const NO_LIMIT = 2 ** 31 - 1;
const FAULT = 2;

/** Whose link manager it is. */
interface Manager extends Pick<ControlPeer, 'request'> {
  readonly domid: DomId;
}

/** A unix socket for each domain, at which the calls of its link manager are made over XML-RPC (spec/idc.md 1.3, 95). */
export interface VsockDoors {
  /** Where the socket of a domain is. */
  path(domid: DomId): string;
  /** Serves it; once. */
  open(manager: Manager): void;
  close(domid: DomId): void;
}

/** @param problem told, for people, why there is no socket */
export function createVsockDoors(runDir: string, problem: (text: string) => void): VsockDoors {
  const servers = new Map<DomId, Server>();
  const pathOf = (domid: DomId): string => join(runDir, `vsock-${domid}.rpc`);

  async function serve(server: Server, path: string): Promise<void> {
    rmSync(path, { force: true });
    server.listen(path);
    await once(server, 'listening');
    chmodSync(path, 0o600);
    server.on('error', () => {});
  }

  return {
    path: pathOf,
    open(manager) {
      const { domid } = manager;
      if (servers.has(domid)) return;
      const server = createServer((request, response) => void answer(manager, request, response));
      servers.set(domid, server);
      serve(server, pathOf(domid)).catch((error) =>
        problem(`No calls to the sockets of domain ${domid}: ${messageOf(error)}`),
      );
    },
    close(domid) {
      const server = servers.get(domid);
      servers.delete(domid);
      server?.close();
      server?.closeAllConnections();
    },
  };
}

/** Answers one call, whatever it looks like: what fails is a fault. */
async function answer(manager: Manager, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text: string;
  try {
    const { method, params } = decodeCall(textOf(await readBody(request)));
    const result = await call(manager, method, params);
    // Nobody will ever ask for a connection that nobody knows of.
    if (response.destroyed && (method === 'accept' || method === 'idc_connect')) {
      void call(manager, 'idc_disconnect', [Array.isArray(result) ? result[0] : result]).catch(() => {});
    }
    text = encodeResult(result);
  } catch (error) {
    text = encodeFault({ faultCode: FAULT, faultString: messageOf(error) });
  }
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(text) }).end(text);
}

async function call(manager: Manager, method: string, params: readonly XmlRpcValue[]): Promise<XmlRpcValue> {
  const { status, reason, result = true } = await manager.request('VSOCK', 'CALL', { method, params }, NO_LIMIT);
  if (status === CMSG_STATUS.okay) return result as XmlRpcValue;
  throw new XmError('EVSOCK', reason ?? 'the domain did not say why');
}
