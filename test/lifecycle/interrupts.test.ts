// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

let xend: TestXend;
beforeAll(async () => {
  xend = await startXend();
});
afterAll(() => xend[Symbol.asyncDispose]());

const sysrq = (domain: string, letter: string) => xend.call('domain.sysrq', { domain, letter });
const trigger = (domain: string, name: string, vcpu = 0) =>
  xend.call('domain.trigger', { domain, trigger: name, vcpu });

async function expectRefused(promise: Promise<unknown>, text: string): Promise<void> {
  const error = await failureOf(promise);
  expectClear(error);
  expect(String(error)).toContain(text);
}

/** Waits until a domain runs that is not the one with this id. */
const anotherLife = (name: string, domid: number) =>
  eventually(async () => {
    const info = await xend.info(name);
    return info !== undefined && info.domid !== domid && /^[rb-]{2}-/.test(info.state);
  });

test('a shell gets letters and nmi while its command runs', async () => {
  const { domid } = await xend.create({ name: 'guest' });
  using terminal = await xend.shell('guest');
  terminal.type('sleep 1000\r');
  await sysrq('guest', 's');
  await terminal.readUntil('sysrq: sync is complete');
  await trigger('guest', 'nmi');
  await terminal.readUntil('nmi: received');
  await sysrq('guest', 'b');
  await anotherLife('guest', domid);
  await xend.call('domain.destroy', { domain: 'guest' });
});

test('reset reboots even who never yields; power asks for the end', async () => {
  const { domid } = await xend.create({ name: 'busy', pool: 'dedicated' });
  using terminal = await xend.shell('busy');
  terminal.type('hang\r');
  await terminal.readUntil('hang\r\n');
  await trigger('busy', 'reset');
  await anotherLife('busy', domid);
  await xend.call('domain.pause', { domain: 'busy' });
  await xend.call('domain.reset', { domain: 'busy' });
  expect((await xend.info('busy'))?.state).toMatch(/^[rb-]{2}-/);
  await trigger('busy', 'power');
  await eventually(async () => (await xend.info('busy')) === undefined);
});

test('what has no meaning, or cannot be, is said', async () => {
  const kernel = xend.file(
    'odd.mjs',
    `export default async (dom) => {
       dom.onInterrupt(() => { throw new Error('no'); });
       await new Promise((end) => dom.signal.addEventListener('abort', end));
     };`,
  );
  await xend.create({ name: 'odd', kernel });
  await xend.create({ name: 'idle', kernel: 'idle' });
  await expectRefused(sysrq('idle', 's'), "Domain 'idle' takes no sysrq s: its kernel does not listen");
  await expectRefused(trigger('idle', 'nmi'), "Domain 'idle' takes no nmi: its kernel does not listen");
  await expectRefused(trigger('idle', 'foo'), 'Invalid trigger: foo');
  await expectRefused(trigger('idle', 'toString'), 'Invalid trigger: toString');
  await expectRefused(trigger('idle', 'init'), 'Trigger init does nothing here: ');
  await expectRefused(trigger('idle', 's3resume'), 'Trigger s3resume does nothing here: a domain does not sleep');
  await expectRefused(trigger('idle', 'nmi', 1), "Domain 'idle' has no VCPU 1, it has 1");
  await expectRefused(sysrq('idle', 'ab'), "A sysrq is one letter, not 'ab'");
  await expectRefused(sysrq('idle', ''), "A sysrq is one letter, not ''");
  await expectRefused(sysrq('Domain-0', 's'), 'Cannot send sysrq s to privileged domain Domain-0');
  await expectRefused(xend.call('domain.reset', { domain: '0' }), 'Cannot reset privileged domain Domain-0');
  await expectRefused(sysrq('odd', 's'), "Domain 'odd' failed at sysrq s: no");
  await xend.call('domain.pause', { domain: 'odd' });
  await expectRefused(sysrq('odd', 's'), "Domain 'odd' is paused");
});
