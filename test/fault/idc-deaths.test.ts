// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Hypercalls } from '../../src/hv/contract.ts';
import { type Quotas, TRANSPORT } from '../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../src/idc/endpoint.ts';
import { channelOver, lendMemory, mapMemory } from '../../src/idc/shared-memory.ts';
import { type Machine, startMachine, until } from '../support/hv-machine.ts';
import { ECHO } from '../support/idc-endpoints.ts';
import { startIdcWorker, WORK } from '../support/idc-threads.ts';
import { seededRandom } from '../support/random.ts';

const QUOTAS: Quotas = { inFlight: 8, bodyBytes: 300, registrations: 4 };

test('[2] the other end’s thread is terminated at any moment of its work, ten times', async () => {
  const random = seededRandom(3);
  for (let life = 0; life < 10; life++) {
    const threads = await startIdcWorker(QUOTAS);
    const { front } = threads;
    const end = random.below(3000);
    const done = Promise.withResolvers<void>();
    const verdicts = new Map<number, number>();
    let [submitted, completed, wrong] = [0, 0, 0];
    const submit = (transaction: ReturnType<typeof front.transaction>): void => {
      if (front.state !== 'connected') return;
      transaction.parameters.fill(submitted++ & 127);
      transaction.parameters[0] = WORK.echo;
      transaction.parametersLength = 1 + (submitted % 299);
      front.submit(transaction, ({ transport, parameters, parametersLength, status }) => {
        verdicts.set(transport, 1 + (verdicts.get(transport) ?? 0));
        const same = Buffer.compare(status.subarray(0, parametersLength), parameters.subarray(0, parametersLength));
        if (transport === TRANSPORT.ok && same !== 0) wrong++;
        if (++completed === end) done.resolve();
        submit(transaction);
      });
    };
    for (let flight = 0; flight < 12; flight++) submit(front.transaction());
    if (end > 0) await done.promise;
    await threads[Symbol.asyncDispose]();
    expect([completed, wrong, front.state]).toEqual([submitted, 0, 'present']);
    expect([...verdicts.keys()].filter((verdict) => verdict !== TRANSPORT.ok)).toEqual([TRANSPORT.disconnected]);
    expect(verdicts.get(TRANSPORT.disconnected)).toBeLessThanOrEqual(12);
  }
});

/** A connection in memory of `owner`, from which both ends talk. */
async function connect(machine: Machine, owner: Hypercalls, other: Hypercalls): Promise<readonly EndpointControl[]> {
  const { extent, gref } = await lendMemory(owner, other.domid, QUOTAS);
  const mapping = await mapMemory(other, owner.domid, gref, QUOTAS);
  const ports = machine.hv.bindPair(owner.domid, other.domid);
  const ends = [createEndpoint({ quotas: QUOTAS, ...ECHO }), createEndpoint({ quotas: QUOTAS, ...ECHO })] as const;
  for (const end of ends) end.appear();
  ends[0].connect(channelOver(owner, extent.buffer, ports.near, QUOTAS, 'front'));
  ends[1].connect(channelOver(other, mapping.buffer, ports.far, QUOTAS, 'back'));
  return ends;
}

test.each([
  ['one after the other', [1, 2]],
  ['in the other order', [2, 1]],
])('[3] two domains that map each other’s memory, with work in flight, are killed: %s', async (_name, order) => {
  using machine = startMachine([1, 2, 3], 256);
  const [one, two] = [machine.dom(1), machine.dom(2)];
  const ends = [...(await connect(machine, one, two)), ...(await connect(machine, two, one))];
  for (const end of ends) expect((await end.call(Uint8Array.of(5))).error).toBe(5);
  for (const domid of [1, 2]) expect(machine.hv.usage(domid)).toMatchObject({ mappings: 1, grants: 1, ports: 2 });
  const verdicts: number[] = [];
  for (const end of ends) for (let n = 0; n < 20; n++) end.submit(end.transaction(), (t) => verdicts.push(t.transport));
  // As xend does it: both threads have ended before anything is undone.
  for (const domid of order) machine.hv.unmapAll(domid);
  for (const domid of order) machine.hv.destroyDomain(domid);
  expect(machine.hv.domids()).toEqual([3]);
  await Promise.all(ends.map((end) => end.disconnect()));
  expect(verdicts).toHaveLength(80);
  // Their ids are as new, and so is what they lend to each other.
  const [next, nextTwo] = [machine.add(1), machine.add(2)];
  expect([1, 2].map((domid) => machine.hv.usage(domid))).toEqual([
    expect.objectContaining({ pages: 0, ports: 0, grants: 0, mappings: 0 }),
    expect.objectContaining({ pages: 0, ports: 0, grants: 0, mappings: 0 }),
  ]);
  const [fresh] = await connect(machine, next, nextTwo);
  await until(() => fresh!.state === 'connected');
  expect((await fresh!.call(Uint8Array.of(6))).error).toBe(6);
});
