// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { readOpenMetrics } from '../support/openmetrics.ts';
import { eventually } from '../support/until.ts';
import { xmHome } from '../support/xm.ts';

const WATCH = resolve(import.meta.dirname, '../../configs/watch.sxp');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

test('configs/watch.sxp does what it says', async () => {
  await using home = xmHome();
  const port = await freePort();
  mkdirSync(home.stateDir, { recursive: true });
  writeFileSync(join(home.stateDir, 'xend-config.sxp'), `(metrics-port ${port})`);
  await home.ok(['xend', 'start']);

  // It may be there only when something has happened already.
  const filters = ['--filter', 'domain=watch', '--filter', 'kind=domain'];
  const follower = home.start(['events', '-f', '--since', '1h', '--json', ...filters]);
  const seen: { seq: number; event: string; reason?: string }[] = [];
  createInterface({ input: follower.stdout! }).on('line', (line) => seen.push(JSON.parse(line)));
  const waiting = home.run(['wait', 'watch', '--for', 'connected', '--timeout', '60']);
  await home.ok(['create', WATCH]);
  expect(await waiting).toEqual({ status: 0, stdout: '', stderr: '' });

  const own = { domid: '1', domain: 'watch' };
  for (const text of [
    await home.ok(['metrics']),
    await fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text()),
  ]) {
    const limits = readOpenMetrics(text).get('xm_domain_memory_limit_bytes')!.samples;
    expect(limits).toContainEqual(expect.objectContaining({ labels: own, value: 32 * 2 ** 20 }));
  }
  expect(await home.json(['inspect', 'watch', 'console'])).toMatchObject({ phase: 'connected', back: { domid: 0 } });
  expect((await home.run(['inspect', 'watch/console'])).stderr).toBe(
    "Error: Domain 'watch/console' does not exist.\nHint: a device is a word of its own: watch console\n",
  );
  expect((await home.run(['inspect', 'nobody/console'])).stderr).toBe(
    "Error: Domain 'nobody/console' does not exist.\n",
  );
  expect(await home.ok(['inspect', 'watch', '-o', 'sxp'])).toMatch(/^\(domain\n {4}\(domid 1\)\n {4}\(name watch\)\n/);

  expect(await home.run(['wait', 'watch', '--for', 'paused', '--timeout', '0.1'])).toEqual({
    ...{ status: 124, stdout: '' },
    stderr: "Error: Domain 'watch' was not paused within 0.1 s: it is running\n",
  });
  expect((await home.run(['wait', 'nobody', '--for', 'shutdown'])).status).toBe(3);

  await home.ok(['console', 'watch'], { input: 'crash\n' });
  expect(await home.json(['wait', 'watch', '--for', 'crashed'])).toMatchObject({
    reason: 'crash: crash was asked for',
  });
  await eventually(async () => (await home.ok(['console', '--log', 'watch'])).endsWith('crash was asked for\r\n'));
  expect((await home.run(['wait', 'watch'])).status).toBe(1);
  expect((await home.run(['console', 'watch'])).stderr).toMatch(/^Hint: 'xm console --log watch'/m);
  expect(await home.ok(['log', '--domain', 'watch', '--level', 'warning'])).toMatch(
    /^\[.*\] ERROR \(ending:\d+\) Domain watch \(id=1\) ended: crash: crash was asked for\n$/,
  );
  await home.ok(['destroy', 'watch']);
  await eventually(() => seen.at(-1)?.event === 'gone');
  expect(seen.map(({ event }) => event)).toEqual([...['building', 'running', 'crashed', 'preserved', 'dying', 'gone']]);
  expect(seen.find(({ event }) => event === 'crashed')?.reason).toBe('crash: crash was asked for');
});
