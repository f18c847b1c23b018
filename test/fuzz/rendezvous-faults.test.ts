// SPDX-License-Identifier: Apache-2.0

import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import type { ChannelKind, Endpoint, ReceivedTransaction } from '../../src/idc/contract.ts';
import type { XenstoreClient } from '../../src/xenstore/client-contract.ts';
import { until } from '../support/hv-machine.ts';
import { ADDRESS, keepDiary, startDomains } from '../support/rendezvous-domains.ts';
import { spied } from '../support/spied.ts';

/** What the victim does with its life: meets, asks, breaks off, meets again, leaves. */
async function live(connect: () => Endpoint, dead: Promise<unknown>): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const endpoint = connect();
    await Promise.race([endpoint.connected(), dead]);
    await Promise.race([endpoint.call(new Uint8Array(4)), dead]);
    await Promise.race([new Promise<void>((resolve) => endpoint.destroy(resolve)), dead]);
  }
}

/** Ends a domain at its `number`-th call of hypervisor or store. @returns whether it got that far */
async function killAt(number: number, victim: 1 | 2, channel: ChannelKind): Promise<boolean> {
  const answering = { channel, onTransaction: (asked: ReceivedTransaction) => asked.complete(0) };
  using all = startDomains([1, 2].filter((domid) => domid !== victim));
  const survivor = 3 - victim;
  const diary = keepDiary(answering);
  const endpoint = all.domains[0]!.connect({ ...diary.handlers, channel });
  const death = Promise.withResolvers<void>();
  let calls = 0;
  const count = (): void => {
    if (++calls !== number) return;
    all.kill(victim);
    death.resolve();
  };
  const domain = all.start(victim, {
    hypercalls: (calls) => spied<HypercallClient>(calls, count),
    store: (xs) => spied<XenstoreClient>(xs, count),
  });
  await live(() => domain.connect(answering), death.promise);
  const reached = calls >= number;
  if (reached) {
    const next = all.start(victim).connect(answering);
    await until(() => endpoint.state === 'connected' && next.state === 'connected');
    expect(await next.call(new Uint8Array(1))).toMatchObject({ transport: 0, error: 0 });
    await new Promise<void>((resolve) => next.destroy(resolve));
  }
  await until(() => endpoint.state === 'absent');
  expect(diary.told).toMatch(/^(a(cd)*x)*$/);
  await new Promise<void>((resolve) => endpoint.destroy(resolve));
  await until(() => all.hv.usage(survivor)!.pages === 0);
  // VIRQ_ARGO stays bound for the next connection.
  const ports = channel === 'argo' ? 1 : 0;
  expect(all.hv.usage(survivor)).toMatchObject({ ports, grants: 0, mappings: 0, rings: 0 });
  expect(all.store.usage(survivor)).toMatchObject({ nodes: 1 });
  expect(all.store.check()).toEqual([]);
  return reached;
}

test.each([
  ['granter', 1, 'ring'],
  ['mapper', 2, 'ring'],
  ['granter', 1, 'argo'],
  ['mapper', 2, 'argo'],
] as const)(
  '[2] the %s (domain %i, over %s) is killed at each of its calls; the other one meets its successor, and nothing is left',
  async (_name, victim, channel) => {
    let number = 1;
    while (await killAt(number, victim, channel)) number++;
    expect(number).toBeGreaterThan(40);
  },
);

test('[26] whatever a holder publishes, and maps or not, the other one goes on and meets an honest end', async () => {
  const count = fc.oneof(fc.nat(20), fc.maxSafeInteger(), fc.double(), fc.constant(null), fc.string());
  const level = fc.record(
    {
      ticket: fc.oneof(fc.nat(3), count),
      incarnation: fc.oneof(fc.integer({ min: 1, max: 3 }), count),
      closing: fc.oneof(fc.boolean(), count),
      guest: fc.oneof(fc.constantFrom('', 'NAME'), count),
      echo: fc.oneof(fc.constant('MINE'), fc.string()),
      quotas: fc.oneof(fc.constant([32, 112]), fc.array(count)),
      gref: fc.oneof(fc.integer({ min: 6, max: 10 }), count),
      port: fc.oneof(fc.integer({ min: 0, max: 3 }), count),
    },
    { requiredKeys: ['ticket', 'incarnation', 'closing'] },
  );
  const text = fc.oneof({ weight: 4, arbitrary: level.map((value) => JSON.stringify(value)) }, fc.string());
  const writes = fc.array(fc.tuple(fc.constantFrom('evil', 'worse'), fc.option(text), fc.nat(4)), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(1, 2), writes, async (hostileId, levels) => {
      using all = startDomains([1, 2]);
      const hostile = all.domains[hostileId - 1]!;
      const diary = keepDiary();
      const endpoint = all.domains[2 - hostileId]!.connect(diary.handlers);
      for (const [name, value, turns] of levels) {
        const path = `/idc/${ADDRESS}/${hostileId}/${name}`;
        const [mine] = [...all.levels()].filter(([other]) => !other.startsWith(`/idc/${ADDRESS}/${hostileId}/`));
        const id = mine && `${mine[0].split('/').at(-1)}.${JSON.parse(mine[1]).incarnation}`;
        if (value === null) await hostile.xs.rm(path);
        else await hostile.xs.write(path, value.replace('MINE', id ?? '').replace('NAME', id?.split('.')[0] ?? ''));
        for (let turn = turns; turn > 0; turn--) await nextTurn();
      }
      for (const name of ['evil', 'worse']) await hostile.xs.rm(`/idc/${ADDRESS}/${hostileId}/${name}`);
      const honest = hostile.connect();
      await until(() => endpoint.state === 'connected' && honest.state === 'connected');
      expect(diary.told).toMatch(/^(a(cd)*x)*ac$/);
    }),
    { numRuns: 300 },
  );
});
