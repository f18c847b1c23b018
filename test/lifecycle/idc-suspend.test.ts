// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startXend, type TestXend } from '../support/xend.ts';

/**
 * Lends a buffer, anew for each connection, and asks about its content over and over: each number until it is answered, and
 * the next one then, until it is told to stop. Its state is the number that it asks about.
 */
const ASKER = `
  let number = dom.restored ?? 1;
  let resting;
  dom.onSave({
    async save() {
      resting = Promise.withResolvers();
      await asked;
      return number;
    },
    resume: () => resting.resolve(),
  });
  let asked;
  const { buffers } = dom.idc;
  const lent = await buffers.alloc(4096);
  let registration;
  const endpoint = dom.idc.endpoint('pair', {
    onConnect: () => { registration = buffers.register(lent, { rights: 'read' }); },
    onDisconnect: (done) => { registration.unregister(done); },
  });
  async function ask() {
    await endpoint.connected();
    lent.base.fill(number % 251);
    const parameters = new Uint8Array(36);
    new DataView(parameters.buffer).setUint32(0, number);
    parameters.set(registration.reference, 4);
    const { transport, error } = await endpoint.call(parameters);
    if (transport === 0 && error === 0) number++;
  }
  let stopped = false;
  dom.onInterrupt(() => { stopped = true; });
  const from = number;
  while (!stopped) {
    await resting?.promise;
    if (number === from + 100) dom.console.write('has asked\\r\\n');
    asked = ask();
    await asked;
  }
  dom.console.write('asked ' + (number - 1) + '\\r\\n');`;

/** Looks at what is lent to it, and keeps what it has seen: each number once. */
const ANSWERER = `
  const seen = new Set(dom.restored);
  let disconnects = 0;
  dom.onInterrupt(() => dom.console.write('saw ' + seen.size + ', lost ' + disconnects + '\\r\\n'));
  const { buffers } = dom.idc;
  let resting = false;
  dom.onSave({
    save() {
      resting = true;
      return seen;
    },
    resume: () => { resting = false; },
  });
  dom.idc.endpoint('pair', {
    onTransaction(asked) {
      const number = new DataView(asked.parameters.buffer, asked.parameters.byteOffset).getUint32(0);
      const bytes = new Uint8Array(4096);
      buffers.receive(asked.parameters.slice(4, 36), 0, buffers.bytes.of(bytes), (error) => {
        // Not answered, it is asked again by and by.
        if (resting) return;
        if (error === undefined && bytes.every((byte) => byte === number % 251)) {
          seen.add(number);
          asked.complete(0, 0);
        } else asked.complete(1, 0);
      });
    },
    onDisconnect(done) {
      disconnects++;
      done();
    },
  });`;

async function start(xend: TestXend, name: string, body: string) {
  const wait = "await new Promise((resolve) => dom.signal.addEventListener('abort', resolve));";
  const file = xend.file(`${name}.mjs`, `export default async (dom) => {\n${body}\n${wait}\n}\n`);
  const text = `(vm (name ${name}) (memory 32) (idc pair) (image (js (kernel ${file}))))`;
  await xend.call('domain.create', { text, file: `${name}.sxp`, directory: xend.directory, paused: false });
}

test('[10] ends that are suspended and go on in other lives lend again, ask again and lose nothing', async () => {
  await using xend = await startXend();
  await start(xend, 'answerer', ANSWERER);
  await start(xend, 'asker', ASKER);

  async function otherLife(domain: string): Promise<void> {
    const path = join(xend.directory, `${domain}.save`);
    await xend.call('domain.save', { domain, path });
    await xend.call('domain.restore', { path, paused: false });
  }

  using first = await xend.open('asker');
  await first.readUntil('has asked\r\n');
  await otherLife('asker');
  using second = await xend.open('asker');
  await second.readUntil('has asked\r\n');
  await otherLife('answerer');
  using witness = await xend.open('answerer');
  await otherLife('asker');
  using third = await xend.open('asker');
  await third.readUntil('has asked\r\n');

  await xend.call('domain.sysrq', { domain: 'asker', letter: 's' });
  await third.readUntil('asked ');
  const asked = (await third.readUntil('\r\n')).trim();
  await xend.call('domain.sysrq', { domain: 'answerer', letter: 's' });
  await witness.readUntil(`saw ${asked}, lost 1\r\n`);
  expect((await xend.call('idc.list', {})).endpoints).toHaveLength(2);
});
