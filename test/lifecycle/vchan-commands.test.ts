// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
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
