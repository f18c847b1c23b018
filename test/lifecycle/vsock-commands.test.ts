// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProgram, runProgram } from '../support/programs.ts';
import { eventually } from '../support/until.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

const configs = resolve(import.meta.dirname, '../../configs');
const curl = findProgram('curl');
const python = findProgram('python3');

let home: XmHome;
beforeEach(async () => {
  home = xmHome();
});
afterEach(async () => {
  await home[Symbol.asyncDispose]();
});

const socketOf = (domid: number): string => join(home.runDir, `vsock-${domid}.sock`);
const leftSockets = (): readonly string[] => readdirSync(home.runDir).filter((name) => /^vsock-[1-9n]/.test(name));

async function startEcho(): Promise<void> {
  await home.ok(['create', join(configs, 'vsock-echo.sxp')]);
  await home.ok(['console', 'echo', '--until', '^a count at port 9']);
}

async function ask(path: string, url: string): Promise<string> {
  const [answer] = (await once(get({ socketPath: path, path: url }), 'response')) as [IncomingMessage];
  return text(answer);
}

describe('the host is an end, as Domain-0', () => {
  test('stdin and stdout: connect, accept, what they say when they cannot', async () => {
    await startEcho();
    const words = 'there and back, '.repeat(20_000);
    expect(await home.ok(['vsock', 'connect', 'echo', '7'], { input: words })).toBe(words);
    expect(await home.json(['vsock', 'connect', 'echo', '9'], { input: words })).toMatchObject({
      ...{ domain: 'echo', port: 9, sent: words.length },
      output: expect.stringMatching(/^320000 bytes, [\d.]+ MB\/s\n$/),
    });
    expect(await home.run(['vsock', 'connect', 'echo', '8'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("Error: Domain 'echo' refuses connections to port 8"),
    });
    expect(await home.run(['vsock', 'connect', 'echo', 'http'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("'http' is no port"),
    });
    const accepting = home.start(['vsock', 'accept', '4000']);
    accepting.stdin!.end('hello from the host\n');
    const heard = text(accepting.stdout!);
    await eventually(async () => {
      await home.run(['console', 'echo', '--until', 'hello from the host|refuses'], { input: '4000\r' });
      return accepting.exitCode === 0;
    });
    expect(await heard).toBe('hello from echo\n');
    expect(await home.json(['vsock', 'list'])).toMatchObject([
      { domain: 'Domain-0', peer: 'echo', transport: 'ring', problem: '' },
      { domain: 'echo', peer: 'Domain-0', transport: 'ring', problem: '' },
    ]);
    await home.ok(['destroy', 'echo']);
    await eventually(() => leftSockets().length === 0);
    expect(await home.json(['vsock', 'list'])).toEqual([]);
  });

  test("Firecracker's hand-shake, both ways", async () => {
    await startEcho();
    await eventually(() => existsSync(socketOf(1)));
    const socket = connect(socketOf(1));
    socket.write('CONNECT 7\nand what comes behind it');
    const said: string[] = [];
    for await (const part of socket.setEncoding('utf8')) {
      said.push(String(part));
      if (said.join('').endsWith('behind it')) socket.end();
    }
    expect(said.join('')).toBe('OK 1073741824\nand what comes behind it');
    for (const wrong of ['CONNECT 8\n', 'CONNECT x\n', 'GET / HTTP/1.1\r\n', `CONNECT ${'1'.repeat(100)}`]) {
      const refused = connect(socketOf(1));
      refused.write(wrong);
      expect(await text(refused)).toBe('');
    }
    const called = Promise.withResolvers<string>();
    const server = createServer({ allowHalfOpen: true }, async (call) => {
      call.end('who is there?');
      called.resolve(await text(call));
    });
    server.listen(`${socketOf(1)}_5000`);
    await once(server, 'listening');
    expect(await home.run(['console', 'echo', '--until', 'who is there'], { input: '5000\r' })).toMatchObject({
      status: 0,
    });
    expect(await called.promise).toBe('hello from echo\n');
    server.close();
  });

  test('a port on a unix socket, for programs that know nothing of it', async () => {
    await home.ok(['create', join(configs, 'vsock-http.sxp')]);
    const path = (await home.ok(['vsock', 'forward', 'web', '80'])).trim();
    expect(await home.ok(['vsock', 'forward', 'web', '80'])).toBe(`${path}\n`);
    await eventually(async () => (await ask(path, '/')).startsWith('web got GET /'));
    expect(await Promise.all(['/a', '/b', '/c'].map((url) => ask(path, url)))).toEqual(
      ['/a', '/b', '/c'].map((url) => `web got GET ${url} with 0 characters\n`),
    );
    if (curl !== undefined) {
      expect(await runProgram(curl, ['-s', '--unix-socket', path, '-d', 'abc', 'http://web/curl'], {})).toMatchObject({
        stdout: 'web got POST /curl with 3 characters\n',
      });
    }
    await home.ok(['destroy', 'web']);
    await eventually(() => !existsSync(path));
    await expect(ask(path, '/')).rejects.toThrow();
  });
});

/** Listens at 80 and says who calls. */
const LISTENER = `export default async (dom) => {
  dom.vsock.createServer((socket) => socket.end(dom.name)).listen(80)
  await new Promise(() => {})
}`;

test('idc-setup says who may talk: nobody else can', async () => {
  const kernel = home.file('kernel.mjs', LISTENER);
  const vm = (name: string) => `(vm (name ${name}) (memory 32) (image (js (kernel ${kernel}))))`;
  await home.ok(['create', home.file('three.sxp', [vm('a'), vm('b'), vm('c')].join('\n'))]);
  expect(await home.run(['vsock', 'connect', 'a', '80'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("Domain-0 may not talk to domain 'a' over virtual sockets"),
  });
  expect(await home.run(['idc-setup', 'a'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Two domains'),
  });
  expect(await home.run(['idc-setup', 'a', 'nobody'])).toMatchObject({ status: 3 });
  expect(await home.ok(['idc-setup', '0', 'a'])).toBe('Domain-0 and a may talk to each other, over ring\n');
  expect(await home.ok(['vsock', 'connect', 'a', '80'])).toBe('a');
  expect(await home.ok(['idc-setup', '--argo', 'a', 'b'])).toBe('a and b may talk to each other, over argo\n');
  expect(await home.run(['vsock', 'connect', 'b', '80'])).toMatchObject({ status: 1 });
  expect(await home.ok(['xenstore', 'list', '/local/domain/1/vsock'])).toBe('0\n2\n');
  expect((await home.run(['xenstore', 'list', '/local/domain/3/vsock'])).status).toBe(1);
  await home.ok(['destroy', 'a']);
  expect(await home.json(['vsock', 'list'])).toEqual([]);
});

const SCRIPT = join(import.meta.dirname, '../interop/vsock_client.py');

test.skipIf(python === undefined)("Python's xmlrpc.client makes the link manager's calls, at both ends", async () => {
  await home.ok(['create', join(configs, 'vsock-echo.sxp')]);
  await home.ok(['create', join(configs, 'vsock-http.sxp')]);
  await home.ok(['idc-setup', 'echo', 'web']);
  const [echo, web] = await home.json<{ name: string; domid: number }[]>(['list', 'echo', 'web']);
  const rpc = [echo!, web!].map(({ domid }) => join(home.runDir, `vsock-${domid}.rpc`));
  await eventually(() => rpc.every((path) => existsSync(path)));
  expect(await runProgram(python!, [SCRIPT, ...rpc], {})).toEqual({ status: 0, stdout: 'all well\n', stderr: '' });
});
