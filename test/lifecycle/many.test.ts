// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { supervisorCensus } from '../support/census.ts';
import { seededRandom } from '../support/random.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

test('twenty domains at a time share a disk, all answer, all go', async () => {
  await using xend = await startXend();
  const content = randomBytes(256 * 1024);
  const file = xend.file('shared.img', content);
  const before = await startingPoint(xend);
  const names = Array.from({ length: 20 }, (_, number) => `guest${number}`);

  const infos = await Promise.all(names.map((name) => xend.create({ name, disks: [{ file, dev: 'xvda' }] })));
  expect(infos.map(({ name }) => name)).toEqual(names);
  expect(new Set(infos.map(({ domid }) => domid)).size).toBe(20);
  expect(new Set(infos.map(({ uuid }) => uuid)).size).toBe(20);
  const listed = await xend.call('domain.list', {});
  expect(listed.map(({ name }) => name)).toEqual(['Domain-0', ...names].sort());

  const terminals = await Promise.all(names.map((name) => xend.shell(name)));
  const answers = await Promise.all(terminals.map((terminal) => terminal.run('sum xvda; store read name')));
  expect(answers).toEqual(names.map((name) => `${md5(content)}  xvda\n${name}\n`));

  const order = seededRandom(20).shuffle(names);
  await Promise.all(order.map((domain) => xend.call('domain.destroy', { domain })));
  await Promise.all(terminals.map(({ closed }) => closed));
  expect(supervisorCensus(xend)).toEqual(before);
});

test('of ten with the same name one is created', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  // All of them want the disk for themselves too: who loses the name must not have taken it.
  const disks = [{ file, dev: 'xvda', mode: 'w' as const }];
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => xend.create({ name: 'twin', disks })));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.length).toBe(9);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'EEXIST', message: /^Domain 'twin' / });
  const listed = await xend.call('domain.list', {});
  expect(listed.map(({ name }) => name)).toEqual(['Domain-0', 'twin']);
  using terminal = await xend.shell('twin');
  expect(await terminal.run('echo alone')).toBe('alone\n');
  await xend.call('domain.destroy', { domain: 'twin' });
  await xend.create({ name: 'twin', disks });
});

test('creating and destroying the same name over and over, from several sides', async () => {
  await using xend = await startXend();
  const before = await startingPoint(xend);
  const side = async () => {
    for (let round = 0; round < 5; round++) {
      const info = await xend.create({ name: 'ball' }).catch(() => undefined);
      if (info !== undefined) await xend.call('domain.destroy', { domain: String(info.domid) });
    }
  };
  await Promise.all([side(), side(), side()]);
  expect(supervisorCensus(xend)).toEqual(before);
  await xend.create({ name: 'ball' });
});

test('a supervisor stops with all its domains in whatever state', async () => {
  const xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(1024 * 1024));
  const disks = [{ file, dev: 'xvda' }];
  await Promise.all([
    xend.create({ name: 'idle', disks }),
    xend.create({ name: 'paused', disks }, true),
    // In a thread of its own: one of the pool holds the others up.
    xend.create({ name: 'hung', pool: 'dedicated', disks, onPoweroff: 'restart' }),
    xend.create({ name: 'crashed', disks, onCrash: 'preserve' }),
    xend.create({ name: 'again', disks, onReboot: 'restart' }),
  ]);
  const type = async (name: string, line: string) => {
    const terminal = await xend.shell(name);
    terminal.type(`${line}\r`);
    await terminal.readUntil(line);
  };
  await Promise.all([type('hung', 'hang'), type('crashed', 'crash'), type('again', 'reboot')]);
  const late = xend.create({ name: 'late', disks }).catch((error: Error) => error);
  await xend.xend.stop();
  expect(await late).toBeInstanceOf(Error);
  expect(xend.xend.hv.domids()).toEqual([]);
  await xend[Symbol.asyncDispose]();
});

/** What is there without domains, once there was one: the store keeps a directory for each class of devices. */
async function startingPoint(xend: TestXend) {
  const file = xend.file('first.img', new Uint8Array(512));
  await xend.create({ name: 'first', disks: [{ file, dev: 'xvda' }] });
  await xend.call('domain.destroy', { domain: 'first' });
  return supervisorCensus(xend);
}
