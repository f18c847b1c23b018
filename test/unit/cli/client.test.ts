// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../../src/xend/client.ts';
import { listen } from './peer.ts';

/** A real HTTP server on a unix socket. */
async function serve(handle: RequestListener) {
  const directory = mkdtempSync(join(tmpdir(), 'xm-client-'));
  const socket = join(directory, 'xend.sock');
  const server = createServer(handle);
  const up = () => new Promise<void>((done) => server.listen(socket, done));
  return {
    socket,
    up,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(directory, { recursive: true });
    },
  };
}

/** The parts of one request, once its body has come. */
async function bodyOf(request: Parameters<RequestListener>[0]): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += chunk;
  return body;
}

describe('calls', () => {
  test('parameters go as JSON and the result comes back, many packets long and not in ASCII', async () => {
    const name = 'Grüße €'.repeat(50_000);
    await using server = await serve(async (request, response) => {
      const sent = JSON.parse(await bodyOf(request));
      response.end(JSON.stringify({ url: request.url, method: request.method, sent }));
    });
    await server.up();
    const result = await createClient(server).call('domain.list', { names: [name] });
    expect(result).toMatchObject({ url: '/api/domain.list', method: 'POST' });
    // Compared as one truth: a difference in half a megabyte is not worth printing.
    expect(JSON.stringify(result).includes(name)).toBe(true);
  });

  test('an error of xend keeps its code, status and hint', async () => {
    await using server = await serve((_request, response) => {
      const error = { code: 'ENODOMAIN', message: "Domain 'x' does not exist.", exit: 3, hint: 'xm list' };
      response.writeHead(404).end(JSON.stringify({ error }));
    });
    await server.up();
    await expect(createClient(server).call('domain.pause', { domain: 'x' })).rejects.toMatchObject({
      name: 'XmError',
      code: 'ENODOMAIN',
      message: "Domain 'x' does not exist.",
      exit: 3,
      hint: 'xm list',
    });
  });

  test('another protocol is reported, and the call goes on', async () => {
    await using server = await serve((_request, response) => {
      response.setHeader('Xend-Protocol', '7').end('null');
    });
    await server.up();
    const told: number[][] = [];
    const client = createClient({ ...server, onMismatch: (...numbers) => told.push(numbers) });
    await expect(client.call('domain.pause', { domain: 'x' })).resolves.toBeNull();
    expect(told).toEqual([[7, 1]]);
  });

  test.each([
    ['nothing', ''],
    ['half a header', 'HTTP/1.0 200 OK\r\nContent-'],
    ['half a body', 'HTTP/1.0 200 OK\r\nContent-Length: 40\r\n\r\n{"domid":'],
  ])('a server that hangs up after %s is an error that says so', async (_what, bytes) => {
    await using server = await listen((socket) => socket.once('data', () => socket.end(bytes)));
    await expect(createClient({ socket: server.path }).call('stats', {})).rejects.toMatchObject({
      code: 'EXENDDIED',
      message: expect.stringMatching(/hung up/),
    });
  });

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a body that is no JSON', 'HTTP/1.0 200 OK\r\n\r\n<html>'],
  ])('%s is an error', async (_what, bytes) => {
    await using server = await listen((socket) => socket.once('data', () => socket.end(bytes)));
    await expect(createClient({ socket: server.path }).call('stats', {})).rejects.toMatchObject({ code: 'EXENDDIED' });
  });

  test('an endless header is cut off', async () => {
    await using server = await listen((socket) => {
      const flood = () => {
        while (socket.writable && socket.write('X: y\r\n'.repeat(1000)));
      };
      socket.on('drain', flood);
      flood();
    });
    await expect(createClient({ socket: server.path }).call('stats', {})).rejects.toMatchObject({ code: 'EXENDDIED' });
  });
});

describe('no xend', () => {
  test('without permission to start it, the reason is in the words of xm', async () => {
    await expect(createClient({ socket: '/nonexistent/xend.sock' }).call('stats', {})).rejects.toMatchObject({
      code: 'ENOXEND',
      message: 'Unable to connect to xend: No such file or directory. Is xend running?',
      exit: 1,
    });
  });

  test('where others may write, nobody is asked and nothing is started', async () => {
    await using peer = await listen(() => expect.fail('it was connected'));
    chmodSync(dirname(peer.path), 0o777);
    const start = async () => expect.fail('it was started');
    for (const socket of [peer.path, join(dirname(peer.path), 'none.sock')]) {
      await expect(createClient({ socket, start }).call('stats', {})).rejects.toMatchObject({
        code: 'EDIRECTORY',
        message: `${dirname(peer.path)} is open to others: mode 0777`,
      });
    }
  });

  test('it is started once, and the call is made', async () => {
    await using server = await serve((_request, response) => response.end('null'));
    let starts = 0;
    const start = async () => {
      starts += 1;
      await server.up();
    };
    const client = createClient({ socket: server.socket, start });
    await client.call('domain.pause', { domain: 'x' });
    await client.call('domain.pause', { domain: 'x' });
    expect(starts).toBe(1);
  });

  test('one that was reached and has ended is not started again: the caller shall know', async () => {
    let starts = 0;
    const start = async () => {
      starts += 1;
    };
    const directory = mkdtempSync(join(tmpdir(), 'xm-client-'));
    const socket = join(directory, 'xend.sock');
    const server = createServer((_request, response) => response.end('null'));
    await new Promise<void>((done) => server.listen(socket, done));
    const client = createClient({ socket, start });
    await client.call('domain.pause', { domain: 'x' });
    await new Promise((done) => server.close(done));
    await expect(client.call('domain.pause', { domain: 'x' })).rejects.toMatchObject({ code: 'ENOXEND' });
    expect(starts).toBe(0);
    rmSync(directory, { recursive: true });
  });

  test('a start that brings nothing up is an error', async () => {
    const client = createClient({ socket: '/nonexistent/xend.sock', start: async () => {} });
    await expect(client.call('stats', {})).rejects.toMatchObject({ code: 'ENOXEND' });
  });
});

describe('following', () => {
  test('lines come as they are written, whole, and leaving the loop closes the connection', async () => {
    let closed = () => {};
    const hungUp = new Promise<void>((done) => {
      closed = done;
    });
    await using server = await serve((request, response) => {
      expect(request.url).toBe('/log?lines=2');
      request.socket.once('close', closed);
      response.write('first\nsec');
      response.write(Buffer.from('ond \u20ac\nthird\nfourth').subarray(0, 9));
      setImmediate(() => response.write(Buffer.from('ond \u20ac\nthird\nfourth').subarray(9)));
    });
    await server.up();
    const seen: string[] = [];
    for await (const line of createClient(server).follow('/log?lines=2')) {
      seen.push(line);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['first', 'second \u20ac', 'third']);
    await hungUp;
  });

  test('the end of the stream ends the loop', async () => {
    await using server = await serve((_request, response) => response.end('one\ntwo\n'));
    await server.up();
    const seen: string[] = [];
    for await (const line of createClient(server).follow('/log')) seen.push(line);
    expect(seen).toEqual(['one', 'two']);
  });
});
