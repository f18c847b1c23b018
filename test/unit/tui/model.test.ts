// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createModel } from '../../../src/tui/model.ts';
import { sourceOf } from './readings.ts';
import { domainStats, stats } from './stats.ts';

const both = stats([domainStats(0, 'Domain-0'), domainStats(1, 'demo')]);
const alone = (seconds: number) => stats([domainStats(0, 'Domain-0')], [], seconds);
const end = { time: both.time, pid: 1, level: 'ERROR', source: 'ending:48' } as const;

test('a domain that ends stays for a moment, with the reason that the log has', async () => {
  const about = [{ ...end, text: 'Domain demo (id=1) ended: crash: boom\n\tat kernel.ts' }];
  const gone = { stats: alone(1) };
  const model = createModel(
    sourceOf([{ stats: both }, gone, { ...gone, about }, { stats: alone(3) }, { stats: alone(7) }]),
  );
  const names = async () => (await model.round({})).sample.domains.map(({ name, gone: why }) => [name, why]);
  expect(await names()).toEqual([
    ['Domain-0', undefined],
    ['demo', undefined],
  ]);
  expect(await names()).toEqual([
    ['Domain-0', undefined],
    ['demo', 'crash: boom'],
  ]);
  expect(await names()).toEqual([
    ['Domain-0', undefined],
    ['demo', 'crash: boom'],
  ]);
  expect(await names()).toEqual([['Domain-0', undefined]]);
});

test('one whose end the log does not have is gone all the same', async () => {
  const model = createModel(sourceOf([{ stats: both }, { stats: alone(1) }, { stats: alone(1), about: [] }]));
  await model.round({});
  expect((await model.round({})).sample.domains[1]).toMatchObject({ gone: 'no reason is known', cpuPercent: 0 });
});
