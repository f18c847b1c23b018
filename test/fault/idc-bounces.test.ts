// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TRANSPORT } from '../../src/idc/contract.ts';
import { until } from '../support/hv-machine.ts';
import { ECHO } from '../support/idc-endpoints.ts';
import { seededRandom } from '../support/random.ts';
import { keepDiary, lossy, startDomains } from '../support/rendezvous-domains.ts';

/** How often each letter is in a diary. */
const count = (told: string, letter: string): number => told.split(letter).length - 1;

test('[1] [11] 10,000 bounces of both ends over watches that are late, merged, doubled and made up', async () => {
  const random = seededRandom(7);
  using all = startDomains([]);
  const domains = [1, 2].map((domid) => all.start(domid, { store: (xs) => lossy(xs, random.below) }));
  const over: Promise<void>[] = [];
  let connections = 0;
  const open = (at: number) => {
    const diary = keepDiary(ECHO);
    const endpoint = domains[at]!.connect(diary.handlers);
    const close = (): void => {
      const destroyed = new Promise<void>((resolve) => endpoint.destroy(resolve));
      over.push(
        destroyed.then(() => {
          diary.end();
          expect(diary.told).toMatch(/^(a(cd)*x)*e$/);
          // As many cycles as connections that it ever reached.
          expect([count(diary.told, 'c'), count(diary.told, 'd')]).toEqual([
            endpoint.incarnation,
            endpoint.incarnation,
          ]);
          connections += endpoint.incarnation;
        }),
      );
    };
    return { endpoint, close };
  };
  const ends = [open(0), open(1)];
  const both = () => ends.every(({ endpoint }) => endpoint.state === 'connected');
  for (let bounce = 0; bounce < 10_000; bounce++) {
    for (let turns = random.below(8); turns > 0; turns--) await nextTurn();
    const at = random.below(2);
    ends[at]!.close();
    ends[at] = open(at);
    if (bounce % 25 !== 0) continue;
    await until(both);
    const { transport, status } = await ends[at]!.endpoint.call(Uint8Array.of(bounce & 127));
    expect([transport, status[0]]).toEqual([TRANSPORT.ok, bounce & 127]);
  }
  await until(both);
  for (const { close } of ends) close();
  await Promise.all(over);
  expect(connections).toBeGreaterThan(800);
  await until(() => [1, 2].every((domid) => all.hv.usage(domid)!.pages === 0));
  for (const domid of [1, 2]) {
    expect(all.hv.usage(domid)).toMatchObject({ pages: 0, ports: 0, grants: 0, mappings: 0 });
    expect(all.store.usage(domid)).toMatchObject({ nodes: 1, transactions: 0 });
  }
});
