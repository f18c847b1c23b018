// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { XendMethod } from '../../src/xend/contract.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Domain-0 has all back ends, and the others depend on it: what would end, move or change it is refused, in words that say so. */

let xend: TestXend;

beforeAll(async () => {
  xend = await startXend();
});
afterAll(() => xend[Symbol.asyncDispose]());

const privileged = (verb: string) => `Cannot ${verb} privileged domain Domain-0`;

/** Parameters beside the domain, and what is said. */
const REFUSED: Readonly<Partial<Record<XendMethod, readonly [object, string]>>> = {
  'domain.start': [{}, privileged('start')],
  'domain.delete': [{}, privileged('delete')],
  'domain.pause': [{}, privileged('pause')],
  'domain.unpause': [{}, privileged('unpause')],
  'domain.rename': [{ name: 'other' }, privileged('rename')],
  'domain.shutdown': [{ reason: 'reboot', wait: true, timeout: 0 }, 'Domain 0 cannot be shutdown'],
  'domain.destroy': [{}, privileged('destroy')],
  'domain.save': [{ path: '/nowhere' }, privileged('save')],
  'domain.suspend': [{}, privileged('suspend')],
  'domain.resume': [{}, "Domain 'Domain-0' is already running"],
  'domain.dump': [{ path: '/nowhere', after: 'destroy' }, privileged('dump core for')],
  'domain.reset': [{}, privileged('reset')],
  'domain.sysrq': [{ letter: 'b' }, privileged('send sysrq b to')],
  'domain.trigger': [{ trigger: 'reset' }, privileged('reset')],
  'domain.setMemory': [{ memory: 1 }, privileged('set the memory of')],
  'domain.setMaxMemory': [{ memory: 1 }, privileged('set the memory of')],
  'domain.console': [{}, "Domain 'Domain-0' has no console"],
  'domain.consoleLog': [{}, "Domain 'Domain-0' has no console"],
  'pool.migrate': [{ pool: 'shared' }, "Domain 'Domain-0' cannot leave its thread while it runs"],
  'device.attach': [
    { class: 'vbd', config: { uname: 'file:/x', dev: 'xvda' }, directory: '/' },
    "Domain 'Domain-0' has no driver for vbd devices",
  ],
  'device.detach': [{ class: 'vbd', device: 'xvda' }, 'Device xvda not connected'],
};

/** Methods about domains that name none, or several. */
const OTHERS = ['domain.create', 'domain.new', 'domain.restore', 'domain.all', 'domain.list', 'domain.records'];

test('there is a row for each method that is about one domain', () => {
  const about = Object.keys(xend.xend.methods).filter((name) => name.startsWith('domain.') && !OTHERS.includes(name));
  expect(
    Object.keys(REFUSED)
      .filter((name) => name.startsWith('domain.'))
      .toSorted(),
  ).toEqual(about.toSorted());
});

test.each(Object.entries(REFUSED))('%s', async (method, [params, message]) => {
  for (const domain of ['0', 'Domain-0', '00000000-0000-0000-0000-000000000000']) {
    const call = xend.call(method as XendMethod, { domain, ...params } as never);
    await expect(call).rejects.toMatchObject({ name: 'XmError', message: expect.stringContaining(message) });
  }
});

test('nor is there another one', async () => {
  await expect(xend.create({ name: 'Domain-0' })).rejects.toThrow("Domain 'Domain-0' already exists with ID '0'");
});

test('after all of that it serves as before', async () => {
  const file = xend.file('disk.img', new Uint8Array(4096));
  await xend.create({ name: 'guest', disks: [{ file, dev: 'xvda' }] });
  using terminal = await xend.shell('guest');
  expect(await terminal.run('sum xvda')).toBe('620f0b67a91f7f74151bc5be745b7110  xvda\n');
});
