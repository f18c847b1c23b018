// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startXend } from '../support/xend.ts';

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

test('what the host wrote is what the guest reads', async () => {
  await using xend = await startXend();
  // Whole sectors, but neither whole pages nor a whole number of the guest's chunks.
  const content = randomBytes(8 * 1024 * 1024 + 512);
  const file = xend.file('disk.img', content);
  await xend.create({ name: 'reader', disks: [{ file, dev: 'xvda' }] });
  using terminal = await xend.shell('reader');
  expect(await terminal.run('sum xvda')).toBe(`${md5(content)}  xvda\n`);
  expect(await terminal.run('sum -a sha256 xvda 1000 70000')).toBe(
    `${createHash('sha256').update(content.subarray(1000, 71000)).digest('hex')}  xvda\n`,
  );
});

test.each(['detach', 'flush'])('what the guest wrote is what the host reads after %s', async (ending) => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(8 * 1024 * 1024 + 512));
  await xend.create({ name: 'writer' });
  await xend.attachDisk('writer', file, 'xvdb', 'w');
  using terminal = await xend.shell('writer');
  const printed = await terminal.run('fill xvdb -s 7');
  if (ending === 'detach') await xend.detachDisk('writer', 'xvdb');
  const host = readFileSync(file);
  expect(printed).toBe(`${md5(host)}  xvdb\n`);
  // Not by chance: neither the zeros from before nor one block over and over.
  expect(new Set([0, 1, 2, 3].map((block) => md5(host.subarray(block * 65536, (block + 1) * 65536)))).size).toBe(4);
});
