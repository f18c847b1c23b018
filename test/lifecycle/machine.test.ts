// SPDX-License-Identifier: Apache-2.0
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TRANSPORT } from '../../src/idc/contract.ts';
import type { MachineDomain } from '../../src/machine/contract.ts';
import { createMachine } from '../../src/machine/machine.ts';

const directory = mkdtempDisposableSync('/tmp/xm-machine-');
afterAll(() => directory.remove());
const FOREVER = 'await new Promise((resolve) => dom.signal.addEventListener("abort", resolve))';

/** Writes a kernel's module. @returns its path */
function kernel(name: string, body: string): string {
  const file = join(directory.path, `${name}.mjs`);
  writeFileSync(file, `export default async (dom) => {\n${body}\n}\n`);
  return file;
}

/** All that a domain prints until it ends. */
async function printed({ console }: MachineDomain): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of console) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const ECHO = `
  dom.idc.endpoint(dom.args.address, {
    onTransaction(asked) {
      asked.status.set(asked.parameters.subarray(0, asked.parametersLength))
      asked.complete(7, asked.parametersLength)
    },
  })
  ${FOREVER}`;
const pair = { args: 'address=pair', idc: ['pair'], memory: 32 };

test('domains talk with each other and with the program, and meet again', async () => {
  await using machine = createMachine();
  const host = machine.domain('host', { idc: ['pair'] });
  let disconnects = 0;
  const endpoint = host.idc.endpoint('pair', {
    onDisconnect(done) {
      disconnects++;
      done();
    },
  });
  for (let life = 0; life < 3; life++) {
    const echo = await machine.start(kernel('echo', ECHO), pair);
    await endpoint.connected();
    const { transport, error, status } = await endpoint.call(Uint8Array.of(1, 2, life));
    expect({ transport, error, status: [...status] }).toEqual({
      transport: TRANSPORT.ok,
      error: 7,
      status: [1, 2, life],
    });
    expect(await (life === 0 ? echo.shutdown() : echo.destroy())).toEqual({
      reason: life === 0 ? 'poweroff' : 'destroyed',
    });
  }
  await new Promise<void>((resolve) => endpoint.destroy(resolve));
  expect(disconnects).toBe(3);
});

test('domains of the program meet each other, and what one has goes with its end', async () => {
  await using machine = createMachine();
  const [one, other] = ['one', 'other'].map((name) => machine.domain(name, { idc: ['pair'] }));
  const mine = one!.idc.endpoint('pair');
  other!.idc.endpoint('pair', { onTransaction: (asked) => asked.complete(5) });
  await mine.connected();
  expect(await mine.call(new Uint8Array(1))).toMatchObject({ error: 5 });
  const gone = new Promise<void>((resolve) => one!.xenstore.watch('@releaseDomain', { listener: () => resolve() }));
  other!.end();
  await gone;
  expect(await mine.call(new Uint8Array(1)).then(({ transport }) => transport)).not.toBe(TRANSPORT.ok);
  // Its name is free again.
  machine.domain('other', { idc: ['pair'] }).idc.endpoint('pair', { onTransaction: (asked) => asked.complete(6) });
  await mine.connected();
  expect(await mine.call(new Uint8Array(1))).toMatchObject({ error: 6 });
});

test('a console is a stream both ways', async () => {
  await using machine = createMachine();
  const body = `
    dom.console.write('who? ')
    const name = await new Promise((resolve) => dom.console.onData(resolve))
    dom.console.write('hello ' + new TextDecoder().decode(name))`;
  const domain = await machine.start(kernel('greet', body));
  domain.console.write('you\n');
  expect(await printed(domain)).toBe('who? hello you\n');
  expect(await domain.ended).toEqual({ reason: 'poweroff' });
});

test('output is there to be read after the domain has gone, and nobody has to', async () => {
  await using machine = createMachine();
  const talk = `for (let line = 0; line < 2000; line++) dom.console.write('line ' + line + '\\n')\nreturn 'halt'`;
  const [read, unread] = await Promise.all([
    machine.start(kernel('read', talk)),
    machine.start(kernel('unread', talk)),
  ]);
  expect(await Promise.all([read.ended, unread.ended])).toEqual([{ reason: 'halt' }, { reason: 'halt' }]);
  const lines = (await printed(read)).split('\n');
  expect([lines.length, lines[0], lines[1999]]).toEqual([2001, 'line 0', 'line 1999']);
});

test.each([
  ['throws', `throw new Error('on purpose')`, 'on purpose'],
  ['exits', 'process.exit(3)', 'exit status 3'],
  ['takes too much memory', `const all = []; for (;;) all.push(new Array(1e5).fill(0))`, 'out of memory'],
])('a kernel that %s ends its domain and nothing else', async (_, body, message) => {
  await using machine = createMachine();
  const other = await machine.start(kernel('echo', ECHO), pair);
  const doomed = await machine.start(kernel('doomed', body), { memory: 16 });
  const { reason, error } = await doomed.ended;
  expect({ reason, message: error?.message }).toEqual({ reason: 'crash', message: expect.stringContaining(message) });
  const host = machine.domain('host', { idc: ['pair'] });
  const endpoint = host.idc.endpoint('pair');
  await endpoint.connected();
  expect(await endpoint.call(new Uint8Array(1))).toMatchObject({ error: 7 });
  await other.shutdown();
});

test('an endless loop is ended by destroy, and by stop', async () => {
  const machine = createMachine();
  const loop = kernel('loop', `dom.console.write('in')\nawait dom.console.drained()\nfor (;;);`);
  const [one, other] = await Promise.all(['one', 'other'].map((name) => machine.start(loop, { name })));
  for (const { console } of [one!, other!]) await new Promise((resolve) => console.once('data', resolve));
  expect(await one!.destroy()).toEqual({ reason: 'destroyed' });
  await machine.stop();
  expect(await other!.ended).toEqual({ reason: 'destroyed' });
  await expect(machine.start(loop)).rejects.toMatchObject({ code: 'ESTOPPING' });
});

test('what cannot be started is said, and leaves nothing', async () => {
  await using machine = createMachine();
  const idle = kernel('idle', FOREVER);
  await expect(machine.start('./no/such.ts')).rejects.toMatchObject({ code: 'ENOKERNEL' });
  await expect(machine.start(idle, { memory: 8 })).rejects.toMatchObject({ code: 'EMEMORY' });
  await expect(machine.start(idle, { idc: ['a/b'] })).rejects.toMatchObject({ code: 'EADDRESS' });
  writeFileSync(join(directory.path, 'broken.mjs'), 'export default 7');
  await expect(machine.start(join(directory.path, 'broken.mjs'))).rejects.toMatchObject({ code: 'EDOMAINDIED' });
  await machine.start(idle, { name: 'broken' });
  await expect(machine.start(idle, { name: 'broken' })).rejects.toMatchObject({ code: 'EEXIST' });
  expect(() => machine.domain('broken')).toThrow("Domain 'broken' already exists");
});

test('an address that was not given is refused, in the program too', async () => {
  await using machine = createMachine();
  const host = machine.domain('host');
  expect(() => host.idc.endpoint('pair')).toThrow("Domain 'host' is not given the address 'pair'");
  expect(() => host.idc.endpoint(undefined)).toThrow("Domain 'host' is not told which address to use");
});
