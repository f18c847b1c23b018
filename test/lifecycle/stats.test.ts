// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { RingStats } from '../../src/xend/contract.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const CONFIGS = resolve(import.meta.dirname, '../../configs');

const ringsOf = async ({ call }: TestXend, device: string): Promise<readonly RingStats[]> =>
  (await call('stats', {})).rings.filter((ring) => ring.device === device);

const answersTimed = (ring: RingStats) => ring.timing?.latency.reduce((sum, count) => sum + count, 0);

test('the rings of a connection at an address, and of a disk', async () => {
  await using xend = await startXend();
  const text = readFileSync(`${CONFIGS}/idc-pair.sxp`, 'utf8');
  await xend.call('domain.create', { text, file: 'idc-pair.sxp', directory: CONFIGS });
  for (const name of ['left', 'right']) await (await xend.open(name)).readUntil('answered');
  const ping = { domain: 'left', address: 'pair', count: 100, size: 8 };
  await xend.call('idc.ping', ping);
  const rings = await ringsOf(xend, 'pair');
  expect(new Set(rings.map(({ domid, backId }) => domid + backId))).toEqual(new Set([3]));
  const pinged = rings.find(({ reqProd }) => reqProd >= 100)!;
  expect(pinged).toMatchObject({ class: 'idc', size: 32, used: 0 });
  const { reqProd, timing } = pinged;
  expect(pinged).toMatchObject({ reqCons: reqProd, rspProd: reqProd, rspCons: reqProd });
  expect(timing).toMatchObject({ waits: 0, waitingSince: 0 });
  expect(answersTimed(pinged)).toBeGreaterThan(0);
  expect(Math.abs(pinged.lastProgress - timing!.answeredAt)).toBeLessThan(60_000);
  expect(pinged.notifyFront + pinged.notifyBack).toBeGreaterThan(0);
  // Nothing moved, so the time of the last progress stands still.
  expect((await ringsOf(xend, 'pair')).map(({ lastProgress }) => lastProgress)).toEqual(
    rings.map(({ lastProgress }) => lastProgress),
  );

  await xend.create({ name: 'disk' });
  await xend.attachDisk('disk', xend.file('disk.img', new Uint8Array(4096)), 'xvda');
  const [asked] = await ringsOf(xend, 'xvda');
  expect(asked).toMatchObject({ class: 'vbd', direction: 'front>back', backId: 0, size: 32, reqProd: 1, rspCons: 1 });

  // One that has the address for itself shows nothing, whatever it says there.
  await xend.call('domain.destroy', { domain: 'right' });
  expect(await ringsOf(xend, 'pair')).toEqual([]);
});
