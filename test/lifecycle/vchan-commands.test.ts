// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { eventually } from '../support/until.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** A domain that sends back in capital letters what Domain-0 says, to one client after another. */
const LOUD = `export default async (dom) => {
  const part = new Uint8Array(1000)
  for await (const client of dom.vchan.listen(0, 'loud', { signal: dom.signal })) {
    for (let count = await client.read(part); count > 0; count = await client.read(part)) {
      await client.write(Buffer.from(Buffer.from(part.subarray(0, count)).toString().toUpperCase()))
    }
  }
}`;

async function start(home: XmHome, kernel: string): Promise<void> {
  const file = home.file('kernel.mjs', kernel);
  await home.ok(['create', home.file('loud.sxp', `(vm (name loud) (memory 32) (image (js (kernel ${file}))))`)]);
}

const sockets = (home: XmHome) => readdirSync(home.runDir).filter((name) => name.startsWith('vchan-'));

test('stdin and stdout are one end of a channel, once and again', async () => {
  await using home = xmHome();
  await start(home, LOUD);
  const client = ['vchan', 'node', 'client', 'loud', 'loud', '--linger', '0.2'];
  await eventually(async () => (await home.run(client)).status === 0);
  const words = 'all of it, '.repeat(10_000);
  expect(await home.ok(client, { input: words })).toBe(words.toUpperCase());
  expect(await home.json(client, { input: 'again' })).toEqual({
    ...{ role: 'client', domid: 1, domain: 'loud', path: '/local/domain/1/data/vchan/0/loud' },
    ...{ sent: 5, received: 5, output: 'AGAIN' },
  });
  expect(sockets(home)).toEqual([]);
});

test('both ends may be commands; what was sent arrives before the end', async () => {
  await using home = xmHome();
  await home.ok(['list']);
  const server = home.start(['vchan', 'node', 'server', '0', 'both', '--read', '65536']);
  const heard = text(server.stdout!);
  const client = ['vchan', 'node', 'client', '0', 'both', '--linger', '0'];
  const words = 'there and not back '.repeat(20_000);
  await eventually(async () => (await home.run(client, { input: words })).status === 0);
  expect(await heard).toBe(words);
  expect(server.exitCode ?? (await once(server, 'close'))[0]).toBe(0);
});

test('a command ends when the domain dies, and says when there is no server', async () => {
  await using home = xmHome();
  await start(home, LOUD);
  await eventually(async () => (await home.run(['vchan', 'node', 'client', 'loud', 'loud'])).status === 0);
  const waiting = home.start(['vchan', 'node', 'server', 'loud', 'for-ever']);
  const talking = home.start(['vchan', 'node', 'client', 'loud', 'loud']);
  talking.stdin!.write('hello');
  expect(String((await once(talking.stdout!, 'data'))[0])).toBe('HELLO');
  const key = '/local/domain/0/data/vchan/1/for-ever/ring-ref';
  await eventually(async () => (await home.run(['xenstore', 'read', key])).status === 0);
  const ends = [once(waiting, 'close'), once(talking, 'close')];
  await home.ok(['destroy', 'loud']);
  expect((await Promise.all(ends)).map(([status]) => status)).toEqual([0, 0]);
  expect(await home.run(['vchan', 'node', 'client', '0', 'nobody'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('There is no vchan server at /local/domain/0/data/vchan/0/nobody'),
  });
  expect(await home.run(['vchan', 'node', 'peer', '0', 'x'])).toMatchObject({ status: 1 });
  expect(await home.run(['vchan', 'node', 'server', '0', 'x', '--read', '9999999'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('A ring has at most 1048576 bytes'),
  });
});

/** Fetches over a unix socket: by `curl`, or by Node where there is none. @returns status and body */
async function fetchAt(socketPath: string, path: string): Promise<string> {
  const curl = ['--silent', '--max-time', '50', '--write-out', '%{http_code}', '--unix-socket', socketPath];
  const { stdout } = await promisify(execFile)('curl', [...curl, `http://host${path}`], { maxBuffer: 2 ** 24 }).catch(
    async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      const [response] = await once(request({ socketPath, path, agent: false }).end(), 'response');
      return { stdout: (await text(response)) + response.statusCode };
    },
  );
  return stdout;
}

test('unix sockets at both ends: HTTP through them, one after another, until they are stopped', async () => {
  await using home = xmHome();
  await home.ok(['list']);
  const [front, back] = [join(home.directory, 'front.sock'), join(home.directory, 'back.sock')];
  const body = 'a page of some length, '.repeat(10_000);
  const server = createServer((asked, answer) => {
    answer.setHeader('connection', 'close');
    answer.statusCode = asked.url === '/' ? 200 : 404;
    answer.end(asked.url === '/' ? body : 'nothing here');
  });
  server.listen(back);
  await once(server, 'listening');
  // In this order: a client waits for its server.
  const client = home.start(['vchan', 'proxy', 'client', '0', 'http', front]);
  const clientSaid = once(client.stderr!, 'data');
  await eventually(async () => existsSync(front));
  expect(String(await clientSaid)).toBe(`Listening on ${front}\n`);
  const first = fetchAt(front, '/');
  const serving = home.start(['vchan', 'proxy', 'server', '0', 'http', back, '--read', '65536', '--json']);
  const servingSaid = text(serving.stdout!);
  expect(await first).toBe(`${body}200`);
  expect(await Promise.all([fetchAt(front, '/none'), fetchAt(front, '/')])).toEqual(['nothing here404', `${body}200`]);
  // Somebody who is not served: his own connection ends, the proxies go on.
  server.close();
  await expect(fetchAt(front, '/')).rejects.toThrow();
  const again = createServer((_, answer) => answer.setHeader('connection', 'close').end('again'));
  again.listen(back);
  await once(again, 'listening');
  expect(await fetchAt(front, '/')).toBe('again200');
  // One that hangs on holds up those behind it until it goes.
  const hanging = connect(front);
  const behind = fetchAt(front, '/');
  hanging.on('connect', () => hanging.destroy());
  expect(await behind).toBe('again200');
  const ends = [once(client, 'close'), once(serving, 'close')];
  client.kill('SIGTERM');
  serving.kill('SIGINT');
  expect((await Promise.all(ends)).map(([status]) => status)).toEqual([0, 0]);
  expect(JSON.parse(await servingSaid)).toMatchObject({ role: 'server', domain: '0', path: 'http', socket: back });
  expect(existsSync(front)).toBe(false);
  await eventually(async () => sockets(home).length === 0);
  again.close();
});

test('a proxy ends when its domain dies, with an error', async () => {
  await using home = xmHome();
  await start(home, LOUD);
  const server = home.start(['vchan', 'proxy', 'server', 'loud', 'for-ever', join(home.directory, 'none.sock')]);
  const said = text(server.stderr!);
  const key = '/local/domain/0/data/vchan/1/for-ever/ring-ref';
  await eventually(async () => (await home.run(['xenstore', 'read', key])).status === 0);
  const end = once(server, 'close');
  await home.ok(['destroy', 'loud']);
  expect((await end)[0]).toBe(1);
  expect(await said).toMatch(/Error: .*domain 1/i);
});

test('a proxy says at once that there is no such domain, or that it cannot listen', async () => {
  await using home = xmHome();
  await home.ok(['list']);
  const taken = join(home.directory, 'taken.sock');
  const other = createServer().listen(taken);
  await once(other, 'listening');
  expect(await home.run(['vchan', 'proxy', 'client', 'nobody', 'http', join(home.directory, 'a.sock')])).toMatchObject({
    status: 3,
    stderr: expect.stringContaining("Domain 'nobody' does not exist"),
  });
  expect(await home.run(['vchan', 'proxy', 'client', '0', 'http', taken])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^Error: Cannot listen: .*address already in use.*\nHint: /),
  });
  expect(existsSync(taken)).toBe(true);
  other.close();
});
