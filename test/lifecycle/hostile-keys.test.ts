// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { StoreConnection } from '../../src/xenstore/contract.ts';
import { startXend } from '../support/xend.ts';

const VALUES = ['', '0', '6', '-1', '99999999999', '/local/domain/0', '/vm', 'x'.repeat(1000), '\xff\0\xfe'];

/** Writes such a value to everything below `path` that the connection may write, and removes what it may remove. */
function spoil(guest: StoreConnection, path: string, value: string): number {
  let spoilt = 0;
  const attempt = (action: () => void) => {
    try {
      action();
      spoilt++;
    } catch {
      // Not allowed, or just gone.
    }
  };
  let names: readonly string[] = [];
  attempt(() => {
    names = guest.directory(path);
  });
  for (const name of names) spoilt += spoil(guest, `${path}/${name}`, value);
  attempt(() => guest.write(path, value));
  attempt(() => guest.write(`${path}/state`, value));
  if (value === '') attempt(() => guest.rm(path));
  return spoilt;
}

/** Lesson 19 of spec/primitives.md 9: XSA-57, 175, 178. */
test('lesson 19: whatever a guest writes where it may, devices come and go, and so does the domain', async () => {
  let guest: StoreConnection | undefined;
  let spoilt = 0;
  let round = 0;
  await using xend = await startXend({
    onStep: () => {
      if (guest !== undefined)
        spoilt += spoil(guest, guest.getDomainPath(guest.domid), VALUES[round++ % VALUES.length]!);
    },
  });
  const file = xend.file('disk.img', new Uint8Array(1 << 20));
  const { domid } = await xend.create({ name: 'hostile' });
  guest = xend.xend.store.connect(domid, () => true);
  for (let i = 0; i < 5; i++) {
    await xend.attachDisk('hostile', file, 'xvda');
    expect((await xend.call('device.list', { domain: 'hostile', class: 'vbd' })).devices).toHaveLength(1);
    await xend.detachDisk('hostile', 'xvda');
  }
  expect(spoilt).toBeGreaterThan(100);
  await xend.call('domain.destroy', { domain: 'hostile' });
  expect(await xend.call('domain.list', {})).toHaveLength(1);
  expect(xend.xend.store.check()).toEqual([]);
  expect(xend.xend.store.usage(domid)).toBeUndefined();
});
