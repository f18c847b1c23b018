// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeDemoImage } from '../../scripts/image.ts';
import { xmHome } from '../support/xm.ts';

const configs = resolve(import.meta.dirname, '../../configs');
/** Of domains: xend's own is for test/lifecycle/xend-config.test.ts. */
const samples = readdirSync(configs, { recursive: true, encoding: 'utf8' }).filter(
  (name) => /\.(?:sxp|cfg)$/.test(name) && name !== 'xend-config.sxp',
);

/** Variables that samples ask for. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = { 'numbered.cfg': ['vmid=3'] };

beforeAll(() => {
  makeDemoImage();
});

test('there are samples', () => {
  expect(samples).toEqual(expect.arrayContaining(['demo.sxp', 'numbered.cfg']));
});

interface Created {
  readonly name: string;
  readonly domid: number;
}

test.each(samples)('configs/%s is valid, boots, and can be ended', async (sample) => {
  await using home = xmHome();
  const file = join(configs, sample);
  const variables = VARIABLES[sample] ?? [];
  await home.ok(['validate', file, ...variables]);
  const created = [await home.json<Created | readonly Created[]>(['create', file, ...variables])].flat();
  const listed = await home.json<{ name: string }[]>(['list']);
  for (const { name } of created) {
    const { status } = await home.run(['destroy', name]);
    // A sample whose kernel returns at once is gone already, which `destroy` says with status 3.
    const over = !listed.some((one) => one.name === name);
    expect([0, over ? 3 : 0]).toContain(status);
  }
  expect(await home.json(['list'])).toHaveLength(1);
});

/** What samples of several domains say on their consoles when all is well. */
test.each([
  ['idc-pair', 'left', 'answered: pong from right'],
  ['idc-pair', 'right', 'answered: pong from left'],
  // Data goes from the bottom to the reader; the layers between move no byte of it.
  ['idc-stack', 'reader', 'read 0f83a7c53107ec6e6af4e0ddb1a33618'],
  ['idc-stack', 'bottom', 'has 0f83a7c53107ec6e6af4e0ddb1a33618'],
  ['idc-stack', 'middle', 'passed on 4 requests and 0 bytes of data'],
  ['idc-stack', 'upper', 'passed on 4 requests and 0 bytes of data'],
  ['idc-symmetric', 'north', 'the other one added up 2000'],
  ['idc-symmetric', 'south', 'the other one added up 2000'],
  ['counter', 'counter', '1'],
  ['vsock-http', 'browser', 'web got POST / with 0 characters'],
  ['vsock-http', 'browser', 'web got POST /long with 1100000 characters'],
  ['vsock-http', 'web', 'POST /short'],
  ['vsock-echo', 'echo', 'a count at port 9'],
  ['vchan-echo', 'caller', 'came back: the third hello'],
  ['vchan-echo', 'answerer', 'sent back 16 bytes; domain'],
  ['argo-fan-in', 'collector', 'all of all'],
  ['argo-fan-in', 'sender-3', 'sent 1000'],
])('configs/%s.sxp: %s says that %s', async (sample, name, words) => {
  await using home = xmHome();
  await home.ok(['create', join(configs, `${sample}.sxp`)]);
  expect(await home.ok(['console', name, '--until', `^${words}`])).toContain(`${words}`);
});
