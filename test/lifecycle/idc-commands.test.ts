// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { IdcEndpointInfo, IdcPing } from '../../src/xend/contract.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

const PAIR = resolve(import.meta.dirname, '../../configs/idc-pair.sxp');

/** A supervisor with the sample pair, connected. */
async function connectedPair(): Promise<XmHome> {
  const home = xmHome();
  await home.ok(['create', PAIR]);
  for (const name of ['left', 'right']) await home.ok(['console', name, '--until', '^answered']);
  return home;
}

const list = (home: XmHome) => home.json<readonly IdcEndpointInfo[]>(['idc-list']);

test('what is listed, pinged and cycled', async () => {
  await using home = await connectedPair();
  const fresh = { address: 'pair', state: 'connected', incarnation: 1, connections: 1, lastDisconnect: '' };
  const idle = { inFlight: 0, queued: 0, held: 0, failed: 0, sent: 1, received: 1, registered: 0 };
  const quotas = { inFlight: 32, bodyBytes: 112, registrations: 64 };
  expect(await list(home)).toEqual([
    { domain: 'left', domid: 1, peer: 'right', peerId: 2, ...fresh, ...idle, quotas },
    { domain: 'right', domid: 2, peer: 'left', peerId: 1, ...fresh, ...idle, quotas },
  ]);

  for (const more of [[], ['--polled'], ['-s', '112'], ['-s', '0']]) {
    const ping = await home.json<IdcPing>(['idc-ping', 'left', 'pair', '-c', '500', ...more]);
    expect(ping).toMatchObject({ peer: 'right', transmitted: 500, answered: 500 });
    const { min, avg, max, p50, p99 } = ping.rtt!;
    expect([min, p50, p99, max]).toEqual([min, p50, p99, max].toSorted((a, b) => a - b));
    expect(avg * 500).toBeLessThanOrEqual(ping.time);
  }

  await home.ok(['idc-cycle', 'pair']);
  for (const end of await list(home)) expect(end).toMatchObject({ state: 'connected', connections: 2 });
  const reasons = (await list(home)).map(({ lastDisconnect }) => lastDisconnect);
  expect(reasons).toEqual(['the connection was cycled from outside', 'the peer disconnected']);
  // Both kernels saw it.
  for (const name of ['left', 'right']) await home.ok(['console', name, '--until', '^disconnected[^]*^connected']);

  await home.ok(['destroy', 'right']);
  await eventually(async () => (await list(home))[0]?.state === 'absent');
  expect((await list(home))[0]).toMatchObject({ lastDisconnect: 'the peer went away', connections: 2 });
  expect(await home.run(['idc-ping', 'left', 'pair'])).toMatchObject({
    status: 1,
    stderr: "Error: Domain 'left' has no endpoint connected at address 'pair'\nHint: see 'xm idc-list'\n",
  });
  expect((await home.run(['idc-cycle', 'pair'])).status).toBe(1);
});

test('a probe that is too large is refused, and a domain that is paused is named', async () => {
  await using home = await connectedPair();
  expect(await home.run(['idc-ping', 'left', 'pair', '-s', '113'])).toMatchObject({
    status: 1,
    stderr: "Error: The endpoints at address 'pair' exchange at most 112 bytes\n",
  });
  await home.ok(['pause', 'right']);
  const { stdout, stderr } = await home.run(['idc-list']);
  expect(stdout).toMatch(/^left /m);
  expect(stdout).not.toMatch(/^right /m);
  expect(stderr).toBe("Domain 'right' does not answer: its endpoints are not shown.\n");
});

/** A domain whose kernel runs `body` and is given the address `pair`. */
async function kernel(xend: TestXend, name: string, body: string): Promise<void> {
  const file = xend.file(`${name}.mjs`, `export default async (dom) => {\n${body}\nawait new Promise(() => {})\n}\n`);
  const text = `(vm (name ${name}) (memory 32) (idc pair) (image (js (kernel ${file}))))`;
  await xend.call('domain.create', { text, file: `${name}.sxp`, directory: xend.directory });
}

test('where somebody listens, all connections are cycled', async () => {
  await using xend = await startXend();
  await kernel(xend, 'one', `dom.idc.endpoint('pair')`);
  await kernel(xend, 'host', `dom.idc.listen('pair', (guest) => guest.accept())`);
  await kernel(xend, 'two', `dom.idc.endpoint('pair')`);
  const ends = async () => (await xend.call('idc.list', {})).endpoints;
  const allConnected = () =>
    eventually(async () => {
      const states = (await ends()).map(({ state }) => state);
      return states.length === 4 && states.every((state) => state === 'connected');
    });
  await allConnected();
  const before = (await ends()).map(({ domain, peer, connections }) => [domain, peer, connections + 1]);
  const { domain, peers } = await xend.call('idc.cycle', { address: 'pair' });
  expect({ domain, peers: peers.map(({ name }) => name).sort() }).toEqual({ domain: 'host', peers: ['one', 'two'] });
  await allConnected();
  expect((await ends()).map((end) => [end.domain, end.peer, end.connections])).toEqual(before);
});

test('pings end when the peer dies meanwhile, and its client never sees one', async () => {
  await using xend = await startXend();
  const told = "const tell = () => { throw new Error('a handler was called') }\n";
  await kernel(xend, 'steady', `${told}dom.idc.endpoint('pair', { onTransaction: tell, onMessage: tell })`);
  await kernel(xend, 'doomed', `${told}dom.idc.endpoint('pair', { onTransaction: tell, onMessage: tell })`);
  const ends = async () => (await xend.call('idc.list', {})).endpoints;
  await eventually(async () => (await ends()).every(({ state }) => state === 'connected'));
  const params = { domain: 'steady', address: 'pair', count: 1e9, size: 8, polled: false };
  const pinging = xend.call('idc.ping', params);
  await eventually(async () => (await ends())[0]!.inFlight > 0);
  await xend.call('domain.destroy', { domain: 'doomed' });
  const { transmitted, answered } = await pinging;
  expect(answered).toBe(transmitted - 1);
  expect(await xend.info('steady')).toMatchObject({ domid: 1 });
});
