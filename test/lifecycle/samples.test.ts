// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeDemoImage } from '../../scripts/image.ts';
import { xmHome } from '../support/xm.ts';

const configs = resolve(import.meta.dirname, '../../configs');
const samples = readdirSync(configs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sxp'));

beforeAll(() => {
  makeDemoImage();
});

test('there are samples', () => {
  expect(samples).toContain('demo.sxp');
});

test.each(samples)('configs/%s is valid, boots, and can be ended', async (sample) => {
  await using home = xmHome();
  const file = join(configs, sample);
  await home.ok(['validate', file]);
  const created = await home.json<{ name: string; domid: number }>(['create', file]);
  const listed = await home.json<{ name: string }[]>(['list']);
  const { status } = await home.run(['destroy', created.name]);
  // A sample whose kernel returns at once is gone already, which `destroy` says with status 3.
  const over = !listed.some(({ name }) => name === created.name);
  expect([0, over ? 3 : 0]).toContain(status);
  expect(await home.json(['list'])).toHaveLength(1);
});
