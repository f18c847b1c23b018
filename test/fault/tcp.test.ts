// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { Agent, get, type RequestOptions } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TcpConfig } from '../../src/config/xend-tcp.ts';
import { serveTcp } from '../../src/xend/http/tcp.ts';
import { findProgram } from '../support/programs.ts';
import { startXend, type TestXend } from '../support/xend.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

const openssl = findProgram('openssl');
if (openssl === undefined) console.log('TLS is not tested, not installed: apt-get install openssl');

const TOKEN = 'a-token-of-some-length';
let xend: TestXend;
beforeAll(async () => {
  xend = await startXend();
});
afterAll(async () => {
  expect(await xend.call('domain.list', {})).toHaveLength(1);
  await xend[Symbol.asyncDispose]();
});

/** A file that only its owner may read. */
function secret(name: string, content: string): string {
  const path = xend.file(name, content);
  chmodSync(path, 0o600);
  return path;
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await server[Symbol.asyncDispose]();
  return port;
}

/** Serves on a port of the system's choice. */
async function serve(config: Omit<TcpConfig, 'address' | 'port'>) {
  const server = await serveTcp(xend.xend, { address: '127.0.0.1', port: 0, ...config }, { headerLimit: 1000 });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('with a token', () => {
  const basic = (password: string) => `Basic ${Buffer.from(`xm:${password}`).toString('base64')}`;

  test('who knows it comes in, by any protocol; nobody else', async () => {
    await using server = await serve({ tokenFile: secret('token', `${TOKEN}\n`) });
    const status = async (authorization?: string, path = 'xend/domain') => {
      const headers = authorization === undefined ? {} : { authorization };
      return (await fetch(`http://127.0.0.1:${server.port}/${path}`, { headers })).status;
    };
    expect(await status(basic(TOKEN))).toBe(200);
    expect(await status(`Bearer ${TOKEN}`)).toBe(200);
    expect(await status(`Bearer ${TOKEN}`, 'version')).toBe(200);
    const wrong = [
      undefined,
      '',
      'Basic',
      'Bearer',
      TOKEN,
      basic(''),
      basic(`${TOKEN}x`),
      basic(TOKEN.slice(1)),
      'x '.repeat(99),
    ];
    for (const authorization of wrong) {
      for (const path of ['xend/domain', 'version', 'log', 'nothing'])
        expect(await status(authorization, path)).toBe(401);
    }
  });

  test('nothing of a body is used before', async () => {
    await using server = await serve({ tokenFile: secret('token', TOKEN) });
    const body = '<methodCall><methodName>xend.domains</methodName></methodCall>';
    const answer = await fetch(`http://127.0.0.1:${server.port}/RPC2`, { method: 'POST', body });
    expect({ status: answer.status, text: await answer.text() }).toEqual({ status: 401, text: '' });
  });

  test('who says nothing does not stay', async () => {
    await using server = await serve({ tokenFile: secret('token', TOKEN) });
    const socket = connect(server.port, '127.0.0.1');
    socket.resume();
    await once(socket, 'close');
  });

  test.each([
    ['short', 0o600, 'x', /holds less than 16 characters$/],
    ['open', 0o644, TOKEN, /may be for its owner's eyes only$/],
  ])('a file that is %s is refused', async (name, mode, content, message) => {
    const tokenFile = xend.file(name, content);
    chmodSync(tokenFile, mode);
    await expect(serve({ tokenFile })).rejects.toMatchObject({
      code: 'ECONFIG',
      message: expect.stringMatching(message),
    });
  });

  test('without one, and without certificates, there is no server', async () => {
    await expect(serve({})).rejects.toThrow('lets in anybody');
  });
});

describe.skipIf(openssl === undefined)('with certificates', () => {
  const at = (name: string) => join(xend.directory, name);
  const run = (...args: string[]) => execFileSync(openssl!, args, { stdio: 'pipe', cwd: xend.directory });
  /** A key, and a certificate that `issuer` signed, or it itself. */
  function certify(name: string, issuer?: string): void {
    const signed = issuer === undefined ? [] : ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
    run(
      'req',
      '-x509',
      ...key,
      '-out',
      `${name}.crt`,
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      ...signed,
    );
  }
  const tls = () => ({ keyFile: at('server.key'), certFile: at('server.crt'), caFile: at('ca.crt') });
  const clientOf = (name: string) => ({ key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.crt`)) });

  async function ask(port: number, options: RequestOptions): Promise<string> {
    const request = get({
      host: '127.0.0.1',
      port,
      path: '/xend/domain',
      ca: readFileSync(at('ca.crt')),
      agent: new Agent(),
      ...options,
    });
    const [answer] = await once(request, 'response');
    return `${answer.statusCode} ${await text(answer)}`;
  }

  beforeAll(() => {
    certify('ca');
    certify('server', 'ca');
    certify('client', 'ca');
    certify('stranger');
  });

  test('who has one comes in; nobody else', async () => {
    await using server = await serve({ tls: tls() });
    expect(await ask(server.port, clientOf('client'))).toBe('200 (ls  Domain-0)\n');
    await expect(ask(server.port, {})).rejects.toThrow();
    await expect(ask(server.port, clientOf('stranger'))).rejects.toThrow();
  });

  test('and with a token too, both are needed', async () => {
    await using server = await serve({ tls: tls(), tokenFile: secret('token', TOKEN) });
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect(await ask(server.port, clientOf('client'))).toMatch(/^401 /);
    await expect(ask(server.port, { headers })).rejects.toThrow();
    expect(await ask(server.port, { ...clientOf('client'), headers })).toMatch(/^200 /);
  });

  test('a file that is no certificate, or is missing, is named', async () => {
    const broken = { ...tls(), certFile: xend.file('broken', 'x') };
    await expect(serve({ tls: broken })).rejects.toMatchObject({
      code: 'ECONFIG',
      message: expect.stringContaining('/broken'),
    });
    const missing = { ...tls(), caFile: at('missing') };
    await expect(serve({ tls: missing })).rejects.toMatchObject({
      code: 'ECONFIG',
      message: expect.stringContaining('/missing'),
    });
  });
});

describe('xend-config.sxp', () => {
  async function start(config: (home: XmHome) => string) {
    const home = xmHome();
    mkdirSync(home.stateDir, { mode: 0o700 });
    home.file('state/xend-config.sxp', config(home));
    return { home, ...(await home.run(['xend', 'start'])) };
  }

  test('switches it on', async () => {
    const port = await freePort();
    const { home, status, stderr } = await start((place) => {
      chmodSync(place.file('token', TOKEN), 0o600);
      return `(xend-tcp-xmlrpc-server yes) (xend-tcp-xmlrpc-server-token-file ${place.directory}/token)
        (xend-tcp-xmlrpc-server-address 127.0.0.1) (xend-tcp-xmlrpc-server-port ${port})`;
    });
    await using _home = home;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const answer = await fetch(`http://127.0.0.1:${port}/version`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(answer.status).toBe(200);
  });

  test('never opens it to anybody', async () => {
    const { home, status, stderr } = await start(() => '(xend-tcp-xmlrpc-server yes)');
    await using _home = home;
    expect(status).toBe(1);
    expect(stderr).toContain('xend-tcp-xmlrpc-server would let in anybody');
    expect(home.pid()).toBeUndefined();
  });
});
