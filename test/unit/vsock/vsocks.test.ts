// SPDX-License-Identifier: Apache-2.0
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { renamePeer } from '../../../src/domain/vsock-peers.ts';
import { createCalls, type VsockCalls } from '../../../src/vsock/calls.ts';
import type { VsockConnection } from '../../../src/vsock/contract.ts';
import { until } from '../../support/hv-machine.ts';
import { nothingLeft, startVsockDomains, type VsockDomain } from '../../support/vsock.ts';

const bytes = (length: number, seed = 1) =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 7) & 0xff));

/** A connection from the first domain to the second. */
async function connected(a: VsockDomain, b: VsockDomain, port = 80): Promise<[VsockConnection, VsockConnection]> {
  const listener = b.vsock.listen(port);
  const [near, far] = await Promise.all([a.vsock.open(b.domid, port), listener.accept()]);
  listener.close();
  return [near, far!];
}

async function readAll(connection: VsockConnection, piece = 50_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.alloc(piece);
    const count = await connection.read(part);
    if (count === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, count));
  }
}

describe.each(['ring', 'argo'] as const)('virtual sockets over %s', (transport) => {
  test('bytes go both ways, whoever connects, and nothing is left when both are done', async () => {
    using all = startVsockDomains([1, 2], transport);
    const [a, b] = all.domains as [VsockDomain, VsockDomain];
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const [near, far] = await connected(from, to);
      expect([near.peer.name, far.peer.name]).toEqual([`dom${to.domid}`, `dom${from.domid}`]);
      const long = bytes(3_000_000);
      const got = readAll(far);
      await near.write(long.subarray(0, 10));
      await near.write(long.subarray(10));
      near.end();
      expect((await got).equals(long)).toBe(true);
      await far.write(bytes(5));
      far.end();
      expect(await readAll(near)).toEqual(bytes(5));
      expect(await Promise.all([near.closed, far.closed])).toEqual([undefined, undefined]);
    }
    await nothingLeft(all, 1, 2);
    await until(() => a.vsock.links()[0]!.state === 'down' && b.vsock.links()[0]!.state === 'down');
  });

  test('all connections of two domains share one link', async () => {
    using all = startVsockDomains([1, 2], transport);
    const [a, b] = all.domains as [VsockDomain, VsockDomain];
    const pairs = await Promise.all(
      [1, 2, 3, 4].map((port) => (port % 2 ? connected(a, b, port) : connected(b, a, port))),
    );
    expect(a.vsock.links()).toMatchObject([{ peer: 2, state: 'up', connections: 4 }]);
    expect(all.xs.directory('/idc/vsock@1-2/1').length + all.xs.directory('/idc/vsock@1-2/2').length).toBe(2);
    for (const [near] of pairs) near.cut();
    await nothingLeft(all, 1, 2);
  });

  test('streams, one written before it is connected', async () => {
    using all = startVsockDomains([1, 2], transport);
    const [a, b] = all.domains as [VsockDomain, VsockDomain];
    const server = b.vsock.createServer((socket) => socket.pipe(socket)).listen(7);
    const socket = a.vsock.connect('dom2', 7);
    const long = bytes(1_000_000);
    socket.end(long);
    expect((await buffer(socket)).equals(long)).toBe(true);
    server.close();
    await nothingLeft(all, 1, 2);
  });
});

const noneLeft = async (all: ReturnType<typeof startVsockDomains>, ...connections: VsockConnection[]) => {
  for (const one of connections) one.cut();
  await nothingLeft(all, 1, 2);
};

describe('what a manager says no to', () => {
  test('nobody listens, too many wait, nobody answers, nobody may', async () => {
    using all = startVsockDomains([1, 2]);
    const [a, b] = all.domains as [VsockDomain, VsockDomain];
    b.vsock.peers();
    await expect(a.vsock.open(2, 80)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: "Domain 'dom2' refuses connections to port 80",
    });
    const listener = b.vsock.listen(80, { backlog: 1 });
    const first = await a.vsock.open(2, 80);
    await expect(a.vsock.open(2, 80)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: "Domain 'dom2' has no room for connections to port 80",
    });
    await expect(a.vsock.open(3, 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    await expect(a.vsock.open('nobody', 80, { timeout: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(a.vsock.open(2, -1)).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(a.vsock.open(2, 80, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    expect(() => b.vsock.listen(80)).toThrow(/listens at port 80 already/);
    // Who is not accepted any more is cut off.
    listener.close();
    await expect(first.read(new Uint8Array(1))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await listener.accept()).toBeUndefined();
    await noneLeft(all);
  });

  test('domains that were not introduced cannot meet, nor watch others meet', async () => {
    using all = startVsockDomains([1, 2]);
    const [a, b] = all.domains as [VsockDomain, VsockDomain];
    const stranger = all.startAlone(3);
    const [near, far] = await connected(a, b);
    for (const domid of [1, 2]) {
      await expect(stranger.vsock.open(domid, 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    }
    for (const path of ['/idc', '/idc/vsock@1-2', '/local/domain/1/vsock']) {
      await expect(stranger.xs.ls(path)).rejects.toMatchObject({ errno: 'EACCES' });
    }
    await expect(stranger.xs.write('/local/domain/3/vsock/1/name', 'dom1')).rejects.toMatchObject({ errno: 'EACCES' });
    await expect(stranger.xs.write('/idc/vsock@1-3/3/me', '{}')).rejects.toMatchObject({ errno: 'EACCES' });
    await noneLeft(all, near, far);
  });
});

test('a name may be that of a domain that is still to come, which is told so by the store', async () => {
  using all = startVsockDomains([1]);
  const [a] = all.domains as [VsockDomain];
  const opening = a.vsock.open('dom2', 80);
  const b = all.start(2);
  const listener = b.vsock.listen(80);
  const [near, far] = await Promise.all([opening, listener.accept()]);
  expect(a.vsock.peers()).toEqual([{ domid: 2, name: 'dom2', transport: 'ring' }]);
  await noneLeft(all, near, far!);
});

test('a peer may get another name, while it is talked to', async () => {
  using all = startVsockDomains([1, 2]);
  const [a, b] = all.domains as [VsockDomain, VsockDomain];
  const pair = await connected(a, b);
  renamePeer(all.xs, { domid: 2, name: 'other' });
  await until(() => a.vsock.links()[0]?.name === 'other');
  const listener = b.vsock.listen(80);
  pair.push(await a.vsock.open('other', 80));
  listener.close();
  expect(a.vsock.links()).toMatchObject([{ name: 'other', state: 'up' }]);
  await noneLeft(all, ...pair);
});

test('a transport that is changed cuts the link, and the next one is over the other', async () => {
  using all = startVsockDomains([1, 2]);
  const [a, b] = all.domains as [VsockDomain, VsockDomain];
  const [near] = await connected(a, b);
  all.introduce(1, 2, 'argo');
  expect(await near.closed).toMatchObject({ code: 'ECONNRESET' });
  await until(() => [a, b].every(({ vsock }) => vsock.links()[0]?.transport === 'argo'));
  const pair = await connected(a, b);
  await noneLeft(all, ...pair);
});

test('more requests than may be without an answer wait for their turn', async () => {
  using all = startVsockDomains([1, 2]);
  const [a, b] = all.domains as [VsockDomain, VsockDomain];
  const listener = b.vsock.listen(80, { backlog: 1000 });
  const open = await Promise.all(Array.from({ length: 700 }, () => a.vsock.open(2, 80)));
  expect(a.vsock.links()).toMatchObject([{ connections: 700 }]);
  expect(new Set(open).size).toBe(700);
  listener.close();
  await noneLeft(all, ...open);
});

test('a reader that stopped holds up nobody but its writer', async () => {
  using all = startVsockDomains([1, 2]);
  const [a, b] = all.domains as [VsockDomain, VsockDomain];
  const [stopped, stuck] = await connected(a, b);
  const [near, far] = await connected(a, b);
  const writing = stopped.write(bytes(1_000_000))!;
  const long = bytes(5_000_000, 3);
  const got = readAll(far);
  await near.write(long);
  near.end();
  expect((await got).equals(long)).toBe(true);
  // What was sent to the other one is what its window has room for, and it is all there.
  expect(stuck.buffered).toBe(16_384);
  const rest = readAll(stuck);
  await writing;
  stopped.end();
  expect((await rest).equals(bytes(1_000_000))).toBe(true);
  await noneLeft(all, stopped, stuck, near, far);
});

test('two that leave and come at the same time find each other every time', async () => {
  using all = startVsockDomains([1, 2]);
  const [a, b] = all.domains as [VsockDomain, VsockDomain];
  const [there, here] = [a.vsock.listen(80), b.vsock.listen(80)];
  for (let round = 0; round < 20; round++) {
    const pairs = await Promise.all([a.vsock.open(2, 80), b.vsock.open(1, 80), there.accept(), here.accept()]);
    for (const one of pairs) one!.cut();
    // The link goes at once rather than after a while.
    all.introduce(1, 2, round % 2 ? 'ring' : 'argo');
  }
  await nothingLeft(all, 1, 2);
});

test('the manager’s calls with numbers, any number of them at a time', async () => {
  using all = startVsockDomains([1, 2]);
  const [a, b] = all.domains.map(({ vsock }) => createCalls(vsock)) as [VsockCalls, VsockCalls];
  b.listen!(80);
  const accepting = b.accept!(80);
  const [near, accepted] = await Promise.all([a.idc_connect!('dom2', 80), accepting]);
  const [far, peer] = accepted as [number, number];
  expect(peer).toBe(1);
  // One that waits holds no other up.
  const receiving = a.recv!(near, 100);
  expect(await a.send!(near, 'hello')).toBe(5);
  expect(Buffer.from((await b.recv!(far)) as Uint8Array).toString()).toBe('hello');
  expect(await b.send!(far, bytes(3))).toBe(3);
  expect(await receiving).toEqual(new Uint8Array(bytes(3)));
  await a.idc_disconnect!(near);
  expect(await b.recv!(far)).toHaveLength(0);
  await b.idc_disconnect!(far);
  // Who still waits for bytes learns that there will be none.
  const [third, fourth] = await Promise.all([a.idc_connect!('dom2', 80), b.accept!(80)]);
  const nothing = a.recv!(third, 1);
  await a.idc_disconnect!(third);
  expect(await nothing).toHaveLength(0);
  await expect(b.recv!((fourth as number[])[0])).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(a.send!(near, 'x')).rejects.toMatchObject({ code: 'EBADF' });
  const waiting = b.accept!(80);
  b.unlisten!(80);
  await expect(waiting).rejects.toMatchObject({ code: 'EINVAL' });
  expect(() => b.unlisten!(80)).toThrow(/Nobody called listen/);
  await nothingLeft(all, 1, 2);
});
