// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { failureOf } from '../support/clear-error.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const debug = resolve(import.meta.dirname, '../../configs/debug-device/debug.ts');

/** A kernel that sends to its debug device what is typed. */
const KERNEL = `
  export default (dom) => new Promise(() => {
    dom.devices.onChange(({ name }, change) => dom.console.write(\`\${name} \${change}\\n\`));
    dom.console.onData(async (data) => {
      const transport = await dom.devices.find('debug').driver.write(Buffer.from(data).toString());
      dom.console.write(\`sent \${transport}\\n\`);
    });
  });
`;

const attach = (xend: TestXend, config: Record<string, string>, domain = 'web', path = debug) =>
  xend.call('device.attach', { domain, class: 'debug', path, config, directory: xend.directory });

test('a class of one’s own is attached, used, listed and detached', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'web', kernel: xend.file('kernel.mjs', KERNEL) });
  const terminal = await xend.open('web');
  const device = await attach(xend, { file: 'trace.log' });
  // In a domain that is there for the class alone.
  expect(device).toMatchObject({
    class: 'debug',
    devid: 0,
    state: 4,
    backendId: (await xend.info('driver:debug'))?.domid,
  });
  await terminal.readUntil('debug connected\n');
  terminal.type('hello');
  await terminal.readUntil('sent 0\n');
  const trace = () => readFileSync(join(xend.directory, 'trace.log'), 'utf8');
  expect(trace()).toMatch(/^\S+Z web: connected, \d+ KiB of heap in use\n\S+Z web: hello\n$/);
  const { domains, rings } = await xend.call('stats', {});
  expect(domains.find(({ name }) => name === 'web')?.devices.debug).toMatchObject({ count: 1, lines: 2 });
  expect(rings.filter(({ device: name }) => name === 'debug').map(({ reqProd }) => reqProd)).toEqual([2, 0]);
  // Now the class is known by its name.
  await xend.attach('web', 'debug', { file: 'second.log' });
  const { devices } = await xend.call('device.list', { domain: 'web', class: 'debug' });
  expect(devices.map(({ devid, state }) => [devid, state])).toEqual([
    [0, 4],
    [1, 4],
  ]);
  for (const word of ['1', '0']) await xend.call('device.detach', { domain: 'web', class: 'debug', device: word });
  await terminal.readUntil('debug closed\n');
  await eventually(() => trace().split('\n').length === 3);
});

test('a configuration may name it, in any order with its devices, for a domain of a pool too', async () => {
  await using xend = await startXend();
  for (const pool of ['dedicated', 'shared']) {
    const text = `(vm (name web) (memory 32) (pool ${pool}) (device (debug (file ${pool}.log))) (device-class ${debug})
      (image (js (kernel shell))) (on_reboot restart))`;
    const source = { text, file: 'web.sxp', directory: xend.directory };
    const { ok, sxp } = await xend.call('config.check', source);
    expect(ok).toBe(true);
    expect(sxp).toContain(`(device-class ${debug})`);
    await xend.call('domain.create', source);
    const trace = () =>
      readFileSync(join(xend.directory, `${pool}.log`), 'utf8')
        .trimEnd()
        .split('\n');
    await eventually(() => trace().length === 1);
    // Its class comes with it again.
    await xend.call('domain.shutdown', { domain: 'web', reason: 'reboot', wait: true });
    await eventually(() => trace().length === 2);
    await xend.call('domain.destroy', { domain: 'web' });
  }
});

test('a configuration whose class is wrong is refused with its place, and nothing else is said', async () => {
  await using xend = await startXend();
  const text = `(vm (name web)
    (device-class ./none.ts)
    (device (debug (file x))) (image (js (kernel shell))))`;
  const { ok, diagnostics } = await xend.call('config.check', { text, file: 'web.sxp', directory: xend.directory });
  expect(ok).toBe(false);
  expect(diagnostics).toEqual([
    expect.objectContaining({
      code: 'config-bad-class',
      line: 2,
      message: expect.stringMatching(/Cannot find .*none/),
    }),
  ]);
  const keys = await attach(xend, { fil: 'x' }, 'Domain-0').catch(String);
  expect(keys).toMatch(/unknown field 'fil'/);
  const empty = await attach(xend, { file: '' }, 'Domain-0').catch(String);
  expect(empty).toMatch(/debug: file '': a path must not be empty/);
});

test('a driver domain serves it when its configuration says so', async () => {
  await using xend = await startXend();
  const vm = (name: string, fields: string) => `(vm (name ${name}) (memory 32) (image (js (kernel idle))) ${fields})`;
  const drv = vm('drv', `(device-class ${debug}) (backend (debug))`);
  const connected = (backendId: number) =>
    eventually(async () => {
      const [device] = (await xend.call('device.list', { domain: 'web', class: 'debug' })).devices;
      return device?.backendId === backendId && device.state === 4;
    });
  await xend.call('domain.create', { text: `${drv} ${vm('web', '')}`, file: 'both.sxp', directory: xend.directory });
  const device = await attach(xend, { file: 'trace.log', backend: 'drv' });
  expect(device).toMatchObject({ backendId: 1, state: 4 });
  await expect(attach(xend, { file: 'trace.log', backend: 'web' })).rejects.toThrow('does not serve debug');
  await xend.call('domain.destroy', { domain: 'drv' });
  const { devices } = await xend.call('device.list', { domain: 'web', class: 'debug' });
  expect(devices).toMatchObject([{ state: 1, waits: { domain: 'drv' } }]);
  await xend.call('domain.create', { text: drv, file: 'drv.sxp', directory: xend.directory });
  await connected(3);
  const moved = await xend.call('device.move', { domain: 'web', class: 'debug', device: 'debug', backend: 'Domain-0' });
  expect(moved).toMatchObject({ backendId: 0, state: 4 });
  const lines = () => readFileSync(join(xend.directory, 'trace.log'), 'utf8').match(/Z web: connected/g);
  await eventually(() => lines()?.length === 3);
});

test('a device that another domain refuses stays with the domain of its class, which goes when the device has moved', async () => {
  await using xend = await startXend();
  const text = (where: string) => `
    import { defineDevice, idcBack, idcFront } from 'xenidc';
    const QUOTAS = { inFlight: 4, bodyBytes: 16, registrations: 1 };
    export default defineDevice({
      name: 'choosy', doc: 'A choosy device.', fields: {},
      front: idcFront(QUOTAS, () => ({ driver: {} })),
      back: idcBack(QUOTAS, (_endpoint, { hypercalls }) => ({
        async open() { if (${where}) throw new Error('not here'); },
        handlers: {},
      })),
    });`;
  await xend.create({ name: 'web', kernel: 'idle' });
  const path = xend.file('choosy.mjs', text('hypercalls.domid === 0'));
  const odd = { domain: 'web', class: 'choosy' };
  const { backendId } = await xend.call('device.attach', { ...odd, path, config: {}, directory: '/' });
  const move = () => xend.call('device.move', { ...odd, device: 'choosy', backend: 'Domain-0' });
  expect(String(await failureOf(move()))).toMatch(/not here.*; choosy is served by domain 'driver:choosy' as before/);
  expect((await xend.call('device.list', odd)).devices).toMatchObject([{ backendId, state: 4 }]);

  xend.file('choosy.mjs', text('false'));
  await xend.call('driver.unload', { domain: 'Domain-0', class: 'choosy', end: 'back' });
  await xend.call('driver.load', { domain: 'Domain-0', class: 'choosy', end: 'back' });
  expect(await move()).toMatchObject({ backendId: 0, state: 4 });
  expect(await xend.info('driver:choosy')).toBeUndefined();
});

test('devices that are alike move one by one, also in what their domain is made from again', async () => {
  await using xend = await startXend();
  const two = '(device (debug (file trace.log)))'.repeat(2);
  const text = `(vm (name web) (memory 32) (image (js (kernel idle))) (device-class ${debug}) ${two})`;
  await xend.call('domain.new', { text, file: 'web.sxp', directory: xend.directory });
  await xend.call('domain.start', { domain: 'web' });
  for (const device of ['0', '1']) {
    await xend.call('device.move', { domain: 'web', class: 'debug', device, backend: 'Domain-0' });
  }
  await xend.call('domain.destroy', { domain: 'web' });
  await xend.call('domain.start', { domain: 'web' });
  const { devices } = await xend.call('device.list', { domain: 'web', class: 'debug' });
  expect(devices.map(({ backendId }) => backendId)).toEqual([0, 0]);
});

test('a class that was edited is another version for the next device, modules beside it included', async () => {
  await using xend = await startXend();
  await xend.create({ name: 'web', kernel: 'idle' });
  const text = readFileSync(debug, 'utf8').replace('.toISOString()', '.toISOString().concat(WORD)');
  const path = xend.file('debug.ts', `${text}\nimport { WORD } from './word.ts';`);
  for (const [word, file] of [
    ['first', 'a.log'],
    ['second', 'b.log'],
  ] as const) {
    xend.file('word.ts', `export const WORD: string = '${word}';`);
    await attach(xend, { file }, 'web', path);
    await eventually(() => readFileSync(join(xend.directory, file), 'utf8').includes(`Z${word} web: `));
  }
});

test('xend’s own configuration may name classes: one that is wrong is in its log', async () => {
  await using xend = await startXend({ classPaths: ['/nowhere/none.ts', debug] });
  await xend.create({ name: 'web', kernel: 'idle' });
  expect(await xend.attach('web', 'debug', { file: 'trace.log' })).toMatchObject({ state: 4 });
  expect(xend.xend.log.read({}).join('\n')).toMatch(/ERROR .*Cannot find the device class "\/nowhere\/none.ts"/);
});
