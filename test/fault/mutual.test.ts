// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { advertiseEndpoint, connectToEndpoint } from '../../src/advertise/advertise.ts';
import { ARGO_DOMID_ANY } from '../../src/hv/argo-contract.ts';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import type { Vchan } from '../../src/vchan/contract.ts';
import { connectStreams, RING, startArgo } from '../support/argo.ts';
import { until } from '../support/hv-machine.ts';
import { startThreadedMachine } from '../support/hv-threads.ts';
import { createWords, WORD } from '../support/hv-words.ts';
import { nothingLeft, startVchanDomains, type VchanDomain } from '../support/vchan.ts';

/** Who dies of two domains that hold resources of each other, in this order. */
const DEATHS: readonly (readonly number[])[] = [[1], [2], [1, 2], [2, 1]];
const survivors = (dead: readonly number[]): number[] => [1, 2].filter((domid) => !dead.includes(domid));
const named = DEATHS.map((dead) => [dead.join(', then '), dead] as const);

describe('[3] two domains with Argo rings and streams of each other, both ways full', () => {
  test.each(named)('%s dies: all of it is gone, and what is left of the other one is its own', async (_, dead) => {
    using all = startArgo([1, 2, 3]);
    const there = await connectStreams(all);
    const back = all.argo(2).listen(80, { ring: RING });
    const accepted = back.next();
    const other = await all.argo(1).connect({ domid: 2, aport: 80 }, { ring: RING, wait: true });
    const streams = [there.server, there.client, other, (await accepted).value!];
    const codes = new Set<string>();
    for (const stream of streams) {
      stream.on('error', ({ code }: Error & { code: string }) => codes.add(code));
      stream.write(Buffer.alloc(100_000));
    }
    await until(() => streams.every((stream) => stream.writableNeedDrain));
    for (const domid of dead) all.hv.destroyDomain(domid);
    await until(() => streams.every((stream) => stream.destroyed || dead.includes(stream.local.domid)));
    expect(all.hv.domids()).toEqual([...survivors(dead), 3]);
    if (!dead.includes(2)) await back.return?.();
    await until(() => survivors(dead).every((domid) => all.hv.usage(domid)?.pages === 0));
    for (const domid of survivors(dead)) expect(all.hv.usage(domid)).toMatchObject({ rings: 0, ports: 1 });
    if (dead.length === 1) expect([...codes]).toContain('EPEERDIED');
    // A namesake begins with nothing, and nobody takes it for the one that died.
    for (const domid of dead) {
      const fresh = all.add(domid);
      expect(all.hv.usage(domid)).toMatchObject({ rings: 0, ports: 0, pages: 0 });
      const [from, ring] = [all.argo(3), await fresh.register(7, ARGO_DOMID_ANY, 4096)];
      expect(await from.send({ aport: 1 }, { domid, aport: 7 }, [Uint8Array.of(1)], 0)).toBe(1);
      expect(ring.receive()?.source.domid).toBe(3);
      expect(await from.resolve({ domid, aport: 80 })).toBe('ECONNREFUSED');
    }
  });

  test('in threads, ended in full traffic and begun again', async () => {
    await using machine = startThreadedMachine();
    const words = createWords();
    const traffic = (domid: number) => Atomics.load(words, WORD.count + domid);
    for (let life = 0; life < 4; life++) {
      for (const domid of [1, 2])
        void machine.run(machine.add(domid), 'argoMutual', { words, port: 3 - domid, rounds: 0 });
      const before = [1, 2].map(traffic);
      await until(() => [1, 2].every((domid, index) => (traffic(domid) - before[index]!) >>> 0 > 100_000));
      const [first, second] = life % 2 === 0 ? [1, 2] : [2, 1];
      await machine.kill(first!);
      if (life < 2) await until(() => machine.hv.usage(second!)?.rings === 1);
      await machine.kill(second!);
      expect(machine.hv.domids()).toEqual([]);
    }
  });
});

describe('[3] two domains that are each other’s vchan server and client, all rings full', () => {
  async function offer(one: VchanDomain, other: VchanDomain, name: string): Promise<readonly [Vchan, Vchan]> {
    const sizes = { left: 5000, right: 2048 };
    const server = await one.vchan.server(other.hypercalls.domid, name, sizes);
    const client = await other.vchan.client(one.hypercalls.domid, name);
    await server.opened;
    return [server, client];
  }

  test.each(named)('%s dies: all of it is gone, and the other one gives back all it had', async (_, dead) => {
    using all = startVchanDomains([1, 2, 3]);
    const [one, two] = all.domains as [VchanDomain, VchanDomain];
    const channels = [...(await offer(one, two, 'there')), ...(await offer(two, one, 'back'))];
    const writing = channels.map((channel) => channel.write(new Uint8Array(100_000)));
    await until(() => channels.every((channel) => channel.bufferSpace() === 0));
    for (const domid of dead) all.kill(domid);
    // Whose they are.
    const mine = survivors(dead).flatMap((domid) => (domid === 1 ? [0, 3] : [1, 2]));
    for (const index of mine) {
      expect(await channels[index]!.ended).toMatchObject({ kind: 'died' });
      expect(await writing[index]).toBeLessThan(100_000);
      await channels[index]!.close();
    }
    await nothingLeft(all, ...survivors(dead), 3);
    expect(all.hv.domids()).toEqual([...survivors(dead), 3]);
    const store = all.xs.directory('/local/domain').map(Number);
    for (const domid of dead) expect(store).not.toContain(domid);
    for (const domid of survivors(dead)) {
      // Where the offers of its channels were.
      expect(all.xs.directory(`/local/domain/${domid}/data/vchan/${3 - domid}`)).toEqual([]);
    }
  });
});

describe('[3] two domains that are connected to endpoints which each advertises to the other', () => {
  test.each(named)('%s dies: all of it is gone, and the other one gives back all it had', async (_, dead) => {
    using all = startVchanDomains([1, 2, 3]);
    const [one, two] = all.domains.map(({ hypercalls, xs }) => ({ hypercalls, xenstore: xs }));
    const ends = [
      [await advertiseEndpoint(one!, 2, 'clock'), await advertiseEndpoint(two!, 1, 'clock')],
      [await connectToEndpoint(one!, 2, 'clock'), await connectToEndpoint(two!, 1, 'clock')],
    ].flat();
    await until(() => ends.every(({ connected }) => connected));
    for (const domid of dead) all.kill(domid);
    const left = ends.filter(({ peer }) => survivors(dead).includes(3 - peer));
    await until(() => left.every(({ connected }) => !connected));
    for (const end of left) expect(await end.close()).toBe(true);
    await nothingLeft(all, ...survivors(dead), 3);
    expect(all.hv.domids()).toEqual([...survivors(dead), 3]);
    for (const domid of survivors(dead)) {
      expect(all.xs.directory(`/local/domain/${domid}/data/endpoint/${3 - domid}`)).toEqual([]);
    }
  });
});

test('a domain that scribbles over its own ring, indexes and all, harms nobody else', async () => {
  await using machine = startThreadedMachine();
  const words = createWords();
  const { argo } = connectHypercalls(machine.add(1));
  void machine.run(machine.add(2), 'argoScribble', { words, port: 5, rounds: 0 });
  const other = connectHypercalls(machine.add(3)).argo;
  const ring = await other.register(5, 1, 4096);
  while ((await argo.resolve({ domid: 2, aport: 5 })) !== undefined) await nextTurn();
  await argo.resolve({ domid: 3, aport: 5 });
  const body = new Uint8Array(300).fill(7);
  const outcomes = new Set<number | string>();
  for (let number = 0; number < 20_000; number++) {
    outcomes.add(argo.sendv(1, { domid: 2, aport: 5 }, [body], number));
    if (number % 8 > 0) continue;
    // Whoever is not guilty gets all of it, as it was sent.
    expect(argo.sendv(1, { domid: 3, aport: 5 }, [body], number)).toBe(300);
    const message = ring.receive()!;
    expect(message.type).toBe(number);
    expect(Buffer.compare(message.bytes, body)).toBe(0);
    if (number % 1024 === 0) await nextTurn();
  }
  // Sent or not, and nothing else.
  expect([...outcomes].every((outcome) => outcome === 300 || outcome === 'EAGAIN')).toBe(true);
  await until(() => Atomics.load(words, WORD.count) > 100);
  await machine.kill(2);
  await until(() => argo.reach(1, { domid: 2, aport: 5 }) === 'ESRCH');
});
