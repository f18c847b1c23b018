// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { footprint, untilAsBefore } from '../support/footprint.ts';
import { fragile } from '../support/fragile/class.ts';
import type { Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** INTERFACE_BROKEN: whoever says it, the connection is made anew, a number of times. */

/** Blames whom it is told to, and prints what becomes of the device. */
const KERNEL = `
  export default (dom) => new Promise(() => {
    dom.devices.onChange(({ name }, change) => dom.console.write(\`\${name} \${change}\\n\`));
    dom.console.onData((data) => {
      for (const letter of Buffer.from(data).toString()) {
        const device = dom.devices.find('fragile');
        if (device === undefined) dom.console.write('none\\n');
        else device.driver.blame(letter === 'f' ? 'front' : 'back');
      }
    });
  });
`;

/** Times that are forgiven. */
const FORGIVEN = 5;

async function start(): Promise<TestXend & { terminal: Terminal }> {
  const xend = await startXend({ classes: [fragile] });
  await xend.create({ name: 'guest', kernel: xend.file('blame.mjs', KERNEL) });
  const terminal = await xend.open('guest');
  await xend.attach('guest', 'fragile', {});
  await terminal.readUntil('fragile connected\n');
  return { ...xend, terminal };
}

/** The guest knows it a moment before xend does. */
const untilConnected = (xend: TestXend) =>
  eventually(async () => (await devices(xend)).map(({ state }) => state).join() === '4');

const devices = async (xend: TestXend) =>
  (await xend.call('device.list', { domain: 'guest', class: 'fragile' })).devices;

test.each(['f', 'b'])(
  'blamed by %s: the interface is disconnected and connected again, over fresh memory',
  async (who) => {
    await using xend = await start();
    const { terminal } = xend;
    const before = footprint(xend);
    for (let round = 0; round < FORGIVEN; round++) {
      terminal.type(who);
      await terminal.readUntil('fragile disconnected\n');
      await terminal.readUntil('fragile connected\n');
    }
    await untilConnected(xend);
    await untilAsBefore(xend, before);
    const log = xend.xend.log.read({}).join('\n');
    const end = who === 'f' ? 'BE' : 'FE';
    expect(log).toMatch(
      new RegExp(`WARNING .*FRAGILE_${end} INTERFACE_BROKEN.*: blamed by the ${end === 'BE' ? 'back' : 'front'} end`),
    );
  },
);

test.each(['f', 'b'])('blamed by %s too often: it is closed, the guest lives, and another one comes', async (who) => {
  await using xend = await start();
  const { terminal } = xend;
  await xend.call('device.detach', { domain: 'guest', class: 'fragile', device: 'fragile' });
  const before = footprint(xend);
  await xend.attach('guest', 'fragile', {});
  for (let round = 0; round <= FORGIVEN; round++) {
    await terminal.readUntil('fragile connected\n');
    terminal.type(who);
  }
  await terminal.readUntil('fragile closed\n');
  await untilAsBefore(xend, before);
  expect(await devices(xend)).toEqual([]);
  expect(xend.xend.log.read({}).join('\n')).toMatch(
    /WARNING .*guest fragile: it broke the protocol 6 times and is closed/,
  );
  terminal.type(who);
  await terminal.readUntil('none\n');
  await xend.attach('guest', 'fragile', {});
  await terminal.readUntil('fragile connected\n');
});

test('many complaints about one connection end it once', async () => {
  await using xend = await start();
  const { terminal } = xend;
  terminal.type('bbbbbbbbbbbbbbbbbbbb');
  await terminal.readUntil('fragile disconnected\n');
  await terminal.readUntil('fragile connected\n');
  await untilConnected(xend);
});
