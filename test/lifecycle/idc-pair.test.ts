// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { supervisorCensus } from '../support/census.ts';
import type { Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import { OWN_RINGS, POOL, startXend, type TestXend } from '../support/xend.ts';

const directory = resolve(import.meta.dirname, '../../configs');
const file = join(directory, 'idc-pair.sxp');
const forms = readFileSync(file, 'utf8').match(/^\(vm$[\s\S]*?^\)$/gm) ?? [];

/** Creates one of the two sample domains. */
async function sample(xend: TestXend, name: 'left' | 'right', channel = 'ring'): Promise<Terminal> {
  const form = forms.find((one) => one.includes(`(name ${name})`)) ?? '';
  const text = form.replace('address=pair', `'address=pair channel=${channel}'`).replace('(vm', `(vm (pool ${POOL})`);
  await xend.call('domain.create', { text, file, directory, paused: false });
  return xend.open(name);
}

/** Creates a domain that runs `body` in its kernel and is given the address `pair`. */
async function kernel(xend: TestXend, name: string, body: string, more = ''): Promise<Terminal> {
  const file = xend.file(`${name}.mjs`, `export default async (dom) => {\n${body}\n}\n`);
  const text = `(vm (name ${name}) (memory 32) (pool ${POOL}) (idc pair) ${more} (image (js (kernel ${file}))))`;
  await xend.call('domain.create', { text, file: `${name}.sxp`, directory: xend.directory, paused: false });
  return xend.open(name);
}

/** Answers for ever, and tells of each connection and its end, with their number. */
const ANSWER = `
  let connects = 0
  let disconnects = 0
  dom.idc.endpoint('pair', {
    onTransaction: (asked) => asked.complete(0, asked.status.set(asked.parameters.subarray(0, 1)) ?? 1),
    onConnect: () => dom.console.write('connect ' + ++connects + '\\r\\n'),
    onDisconnect(done) {
      dom.console.write('disconnect ' + ++disconnects + '\\r\\n')
      done()
    },
  })
  await new Promise((resolve) => dom.signal.addEventListener('abort', resolve))`;

/** Takes the words in the order in which they are said. */
async function hear(terminal: Terminal, ...words: readonly string[]): Promise<void> {
  for (const word of words) await terminal.readUntil(`${word}\r\n`);
}

async function greeting(left: Terminal, right: Terminal): Promise<void> {
  await Promise.all([
    hear(left, 'connected', 'answered: pong from right'),
    hear(right, 'connected', 'answered: pong from left'),
  ]);
}

test.each(['ring', 'argo'])(
  'two domains meet at an address over %s, and meet again when one was killed',
  async (channel) => {
    await using xend = await startXend();
    using left = await sample(xend, 'left', channel);
    using right = await sample(xend, 'right', channel);
    await greeting(left, right);
    for (let life = 0; life < 3; life++) {
      await xend.call('domain.destroy', { domain: 'right' });
      await hear(left, 'disconnected');
      using next = await sample(xend, 'right', channel);
      await greeting(left, next);
    }
    // Not only the one that came last.
    using last = await xend.open('right');
    await xend.call('domain.destroy', { domain: 'left' });
    await hear(last, 'disconnected');
    using again = await sample(xend, 'left', channel);
    await greeting(again, last);
  },
);

test('an endpoint that bounces 200 times is answered each time, and its peer sees every connection end', async () => {
  await using xend = await startXend();
  using steady = await kernel(xend, 'steady', ANSWER);
  using bouncing = await kernel(
    xend,
    'bouncing',
    `
    for (let round = 0; round < 200; round++) {
      const endpoint = dom.idc.endpoint('pair')
      await endpoint.connected()
      const { transport, status } = await endpoint.call(Uint8Array.of(round))
      if (transport !== 0 || status[0] !== round) throw new Error('round ' + round)
      await new Promise((done) => endpoint.destroy(done))
    }
    dom.console.write('bounced\\r\\n')
    await new Promise((resolve) => dom.signal.addEventListener('abort', resolve))`,
  );
  await hear(bouncing, 'bounced');
  for (let round = 1; round <= 200; round++) await hear(steady, `connect ${round}`, `disconnect ${round}`);
  for (const domid of [1, 2]) {
    await eventually(
      () => xend.xend.hv.usage(domid)?.mappings === 0 && xend.xend.hv.usage(domid)?.grants === OWN_RINGS,
    );
  }
});

test('a domain that is preserved after its crash has left its address', async () => {
  await using xend = await startXend();
  using steady = await kernel(xend, 'steady', ANSWER);
  const crash = `
    const endpoint = dom.idc.endpoint('pair')
    await endpoint.connected()
    await endpoint.call(Uint8Array.of(1))
    throw new Error('on purpose')`;
  await kernel(xend, 'crashing', crash, '(on_crash preserve)').then((terminal) => terminal.close());
  await hear(steady, 'connect 1', 'disconnect 1');
  await eventually(() => xend.xend.hv.usage(1)!.grants === OWN_RINGS);
  expect(await xend.info('crashing')).toMatchObject({ domid: 2 });
  using next = await kernel(xend, 'next', ANSWER);
  await Promise.all([hear(steady, 'connect 2'), hear(next, 'connect 1')]);
  // Memory of its own and for the successor; what the preserved domain mapped came back.
  expect(xend.xend.hv.usage(1)).toMatchObject({ grants: OWN_RINGS + 1, ports: OWN_RINGS + 1 });
});

test('a kernel hears at once that it has not been given an address', async () => {
  await using xend = await startXend();
  const attempt = `
    try {
      dom.idc.endpoint('other')
    } catch ({ code, message, hint }) {
      dom.console.write(code + ' ' + message + ' ' + hint + '\\r\\n')
    }`;
  using terminal = await kernel(xend, 'curious', attempt);
  await hear(
    terminal,
    "ENOADDRESS Domain 'curious' is not given the address 'other' add (idc other) to its configuration",
  );
});

test('domains that met leave nothing behind', async () => {
  await using xend = await startXend();
  const lives = async () => {
    using left = await sample(xend, 'left');
    using right = await sample(xend, 'right');
    await greeting(left, right);
    expect(supervisorCensus(xend).paths.filter((path) => path.startsWith('/idc/pair/'))).toHaveLength(4);
    for (const domain of ['left', 'right']) await xend.call('domain.destroy', { domain });
    return supervisorCensus(xend);
  };
  const once = await lives();
  expect(once.paths.filter((path) => path.startsWith('/idc'))).toEqual([]);
  expect(await lives()).toEqual(once);
});
