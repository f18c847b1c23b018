// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { busy } from '../support/busy/class.ts';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { requestsOf, startSum } from '../support/disk-load.ts';
import { stepGate } from '../support/step-gate.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const MIB = 2 ** 20;
const SIZE = 96 * MIB;
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

type End = 'front' | 'back';
const driver = (xend: TestXend, verb: 'load' | 'unload', domain: string, end: End) =>
  xend.call(`driver.${verb}`, { domain, class: 'vbd', end });

/** Unloads and loads again. */
async function reload(xend: TestXend, domain: string, end: End): Promise<void> {
  await driver(xend, 'unload', domain, end);
  await driver(xend, 'load', domain, end);
}

async function states(xend: TestXend): Promise<readonly number[]> {
  const { devices } = await xend.call('device.list', { domain: 'guest', class: 'vbd' });
  return devices.map(({ state }) => state);
}

test.each<[string, (xend: TestXend) => Promise<unknown>]>([
  ['the front end', (xend) => reload(xend, 'guest', 'front')],
  ['the back end', (xend) => reload(xend, 'drv', 'back')],
  [
    'both ends, one inside of the other',
    async (xend) => {
      await driver(xend, 'unload', 'drv', 'back');
      await reload(xend, 'guest', 'front');
      await driver(xend, 'load', 'drv', 'back');
      await driver(xend, 'unload', 'guest', 'front');
      await reload(xend, 'drv', 'back');
      await driver(xend, 'load', 'guest', 'front');
    },
  ],
  [
    'both ends at once',
    async (xend) => {
      await Promise.all([driver(xend, 'unload', 'guest', 'front'), driver(xend, 'unload', 'drv', 'back')]);
      await Promise.all([driver(xend, 'load', 'guest', 'front'), driver(xend, 'load', 'drv', 'back')]);
    },
  ],
])('[6] %s, under full load: nothing is lost', async (_what, cycle) => {
  await using xend = await startXend();
  await xend.create({ name: 'drv', kernel: 'idle', backends: ['vbd'], memory: 64 });
  await xend.create({ name: 'guest', memory: 64 });
  using terminal = await xend.shell('guest');
  const content = randomBytes(SIZE);
  const source = xend.file('source.img', content);
  const target = xend.file('target.img', new Uint8Array(SIZE));
  await xend.attachDisk('guest', source, 'xvda', 'r', 'drv');
  await xend.attachDisk('guest', target, 'xvdb', 'w', 'drv');
  const idle = [1, 2].map((domid) => xend.xend.hv.usage(domid));
  let over = false;
  const copied = terminal.run('copy xvda xvdb').finally(() => {
    over = true;
  });
  await eventually(async () => (await requestsOf(xend)) > 8);
  let rounds = 0;
  for (; !over && rounds < 100; rounds++) await cycle(xend);
  expect(await copied).toBe(`${SIZE} bytes copied\n`);
  expect(rounds).toBeGreaterThan(1);
  expect(await states(xend)).toEqual([4, 4]);
  await reload(xend, 'guest', 'front');
  expect(await terminal.run('sum xvdb')).toBe(`${md5(content)}  xvdb\n`);
  expect(md5(readFileSync(target))).toBe(md5(content));
  await eventually(() => JSON.stringify([1, 2].map((domid) => xend.xend.hv.usage(domid))) === JSON.stringify(idle));
  console.log(`${rounds} rounds`);
});

test('what is asked for meanwhile waits, and what cannot be is said', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  const content = randomBytes(SIZE);
  const file = xend.file('disk.img', content);
  await xend.attachDisk('guest', file, 'xvda');
  for (const [domain, end] of [
    ['guest', 'front'],
    ['Domain-0', 'back'],
  ] as const) {
    const { printed: sum } = await startSum(xend, terminal);
    await driver(xend, 'unload', domain, end);
    await expect(driver(xend, 'unload', domain, end)).rejects.toThrow(
      `The ${end} end of vbd in domain '${domain}' is not loaded`,
    );
    expect(await states(xend)).toEqual([end === 'front' ? 2 : 1]);
    expectClear(await failureOf(xend.attachDisk('guest', file, 'xvdb')));
    let printed = '';
    void sum.then((text) => {
      printed = text;
    });
    const requests = await requestsOf(xend);
    // Another one is not held up, and this one comes no further.
    await xend.create({ name: 'other' });
    await xend.call('domain.destroy', { domain: 'other' });
    expect([printed, await requestsOf(xend)]).toEqual(['', requests]);
    await driver(xend, 'load', domain, end);
    await expect(driver(xend, 'load', domain, end)).rejects.toThrow(
      `The ${end} end of vbd in domain '${domain}' is loaded`,
    );
    expect(await sum).toBe(`${md5(content)}  xvda\n`);
  }
  const { printed: waiting } = await startSum(xend, terminal);
  await driver(xend, 'unload', 'guest', 'front');
  await xend.detachDisk('guest', 'xvda');
  expect(await waiting).toMatch(/^Error: xvda: reading \d+ bytes failed/);
  for (const [domain, className, end] of [
    ['guest', 'console', 'front'],
    ['Domain-0', 'vbd', 'front'],
    ['guest', 'vbd', 'back'],
    ['nobody', 'vbd', 'front'],
  ] as const) {
    expectClear(await failureOf(xend.call('driver.load', { domain, class: className, end })));
    expectClear(await failureOf(xend.call('driver.unload', { domain, class: className, end })));
  }
});

test('a back end that comes again without its image: the device is gone, and why is said', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  const file = xend.file('disk.img', new Uint8Array(SIZE));
  await xend.attachDisk('guest', file, 'xvda');
  const { printed: waiting } = await startSum(xend, terminal);
  await driver(xend, 'unload', 'Domain-0', 'back');
  xend.file('disk.img', new Uint8Array(100));
  const error = await failureOf(driver(xend, 'load', 'Domain-0', 'back'));
  expectClear(error);
  expect(String(error)).toMatch(/Device 51712 \(vbd\).*not a multiple of 512/);
  expect(await waiting).toMatch(/^Error: xvda: reading/);
  expect(await states(xend)).toEqual([]);
  xend.file('disk.img', new Uint8Array(MIB));
  await xend.attachDisk('guest', file, 'xvda', 'w');
});

test('a request that nobody answers is named: device, phase and time', async () => {
  using gate = stepGate('vbd.backDisconnect');
  await using xend = await startXend({ answerLimit: 1000, onStep: gate.onStep });
  await xend.create({ name: 'drv', kernel: 'idle', backends: ['vbd'] });
  await xend.create({ name: 'guest' });
  await xend.attachDisk('guest', xend.file('disk.img', new Uint8Array(MIB)), 'xvda', 'r', 'drv');
  const outcome = failureOf(driver(xend, 'unload', 'guest', 'front'));
  await gate.reached;
  await xend.call('domain.pause', { domain: 'drv' });
  gate.open();
  const error = await outcome;
  expectClear(error);
  expect(String(error)).toContain("Device 51712 (vbd): domain 'drv' did not answer BE DISCONNECT within 1 s");
  await xend.call('domain.unpause', { domain: 'drv' });
  await driver(xend, 'load', 'guest', 'front');
  expect(await states(xend)).toEqual([4]);
});

test('a device that was not let go of in time waits, until it is', async () => {
  await using xend = await startXend({ answerLimit: 1000, classes: [busy] });
  await xend.create({ name: 'drv', kernel: 'idle', backends: ['busy'] });
  await xend.create({ name: 'guest' });
  const until = `${xend.directory}/done`;
  await xend.attach('guest', 'busy', { backend: 'drv', until });
  const back = { domain: 'drv', class: 'busy', end: 'back' } as const;
  const devices = async () => (await xend.call('device.list', { domain: 'guest', class: 'busy' })).devices;
  for (const verb of ['unload', 'load'] as const) {
    const error = await failureOf(xend.call(`driver.${verb}`, back));
    expectClear(error);
    expect(String(error)).toMatch(/domain 'drv' did not answer BE \w+ within 1 s/);
    expect(await devices()).toMatchObject([{ state: 1, waits: { domain: 'drv', gone: false } }]);
  }
  xend.file('done', '');
  await xend.call('driver.unload', back);
  await xend.call('driver.load', back);
  expect(await devices()).toMatchObject([{ state: 4 }]);
});

test('a back end that alone has what was written is not unloaded', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'guest' });
  const base = xend.file('base.img', new Uint8Array(MIB));
  const config = { uname: `cow:${base}`, dev: 'xvda', mode: 'w' };
  await xend.attach('guest', 'vbd', config);
  const error = await failureOf(driver(xend, 'unload', 'Domain-0', 'back'));
  expectClear(error);
  expect(String(error)).toContain("Device xvda of domain 'guest' would lose what was written to it");
  await reload(xend, 'guest', 'front');
  expect(await states(xend)).toEqual([4]);
});

test('a class of one’s own is another one after its driver was loaded again', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'guest', kernel: 'idle' });
  const text = (word: string) => `
    import { defineDevice, idcBack, idcFront } from 'xenidc';
    const QUOTAS = { inFlight: 4, bodyBytes: 16, registrations: 1 };
    export default defineDevice({
      name: 'odd', doc: 'An odd device.', fields: {}, counters: ['${word}'],
      front: idcFront(QUOTAS, (endpoint) => ({ driver: {}, start: () => endpoint.send(new Uint8Array(1)) })),
      back: idcBack(QUOTAS, (_endpoint, { counters }) => ({
        handlers: { onMessage(message) { counters[0] += ${word.length}; message.complete(); } },
      })),
    });`;
  const path = xend.file('odd.mjs', text('old'));
  const odd = { domain: 'guest', class: 'odd' };
  await xend.call('device.attach', { ...odd, path, config: {}, directory: '/' });
  const count = async () =>
    Object.values((await xend.call('stats', {})).domains.find(({ name }) => name === 'guest')?.devices.odd ?? {}).at(
      -1,
    );
  expect(await count()).toBe('old'.length);
  xend.file('odd.mjs', text('newer'));
  for (const [domain, end] of [
    ['guest', 'front'],
    ['driver:odd', 'back'],
  ] as const) {
    await xend.call('driver.unload', { domain, class: 'odd', end });
    await xend.call('driver.load', { domain, class: 'odd', end });
  }
  // Once as the front end came again, once as the back end did, which counts otherwise now.
  expect(await count()).toBe('old'.length * 2 + 'newer'.length);
});
