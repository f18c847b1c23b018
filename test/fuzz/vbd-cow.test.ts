// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAGE_SIZE } from '../../src/hv/contract.ts';
import { slice } from '../../src/idc/buffers/local-buffer.ts';
import { pattern, startDisk, startVbdHost, tempImage } from '../support/vbd-pair.ts';

const SECTOR = 512;
/** Two blocks, and a part of a third that ends within a page. */
const SECTORS = 2 * 512 + 21;
const GUESTS = [1, 2];

/** Most sectors of one operation. */
const MOST = 600;

interface Operation {
  readonly guest: number;
  readonly kind: string;
  readonly sector: number;
  readonly count: number;
  /** Where in their first page hidden pages begin: as on the disk, so that whole pages are shared, or there. */
  readonly start: number | undefined;
  /** A read that is not waited for before the next read. */
  readonly beside: boolean;
}

const operation: fc.Arbitrary<Operation> = fc.record({
  guest: fc.constantFrom(...GUESTS),
  kind: fc.constantFrom('read', 'write', 'discard', 'readPages', 'writePages', 'reopen'),
  sector: fc.oneof(fc.nat(SECTORS - 1), fc.constantFrom(0, 8, 504, 512, 1016, 1024)),
  count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: MOST }), fc.constantFrom(8, 512)),
  start: fc.constantFrom(undefined, 0, 100),
  beside: fc.boolean(),
});

test('disks of one base are each as a copy of it, whatever is done to them', { timeout: 120_000 }, async () => {
  const check = async (operations: readonly Operation[]) => {
    using image = tempImage(SECTORS * SECTOR);
    using host = startVbdHost(GUESTS, 16 * 1024);
    const config = { uname: `cow:${image.path}`, dev: 'xvda', mode: 'w', backend: '0' };
    const disks = await Promise.all(GUESTS.map((guest) => startDisk(host, guest, { config })));
    const models = GUESTS.map(() => Uint8Array.from(image.content));
    const pools = await Promise.all(
      disks.map(async ({ buffers }, index) => {
        const frames = await host.machine.dom(GUESTS[index]!).frames.pool(4096);
        return buffers.pages.pool(frames);
      }),
    );
    const open: Promise<unknown>[] = [];
    let seed = 1;

    for (const { guest, kind, sector, count, start, beside } of operations) {
      const index = guest - 1;
      const { disk, buffers, back } = disks[index]!;
      const model = models[index]!;
      const offset = sector * SECTOR;
      const length = Math.min(count, SECTORS - sector) * SECTOR;
      const expected = model.subarray(offset, offset + length);
      if (!beside || kind !== 'read') await Promise.all(open.splice(0));
      if (kind === 'read') {
        const wanted = Buffer.from(expected);
        open.push(disk.read(offset, length).then((bytes) => expect(wanted.equals(bytes)).toBe(true)));
      } else if (kind === 'write') {
        const content = pattern(length, seed++);
        await disk.write(offset, content);
        model.set(content, offset);
      } else if (kind === 'discard') {
        await disk.discard(offset, length);
        expected.fill(0);
      } else if (kind === 'reopen') {
        await disks[index]!.disconnect();
        await back.close();
        await back.open();
        await disks[index]!.connect();
        model.set(image.content);
      } else {
        const pages = pools[index]!.alloc(length, start ?? offset % PAGE_SIZE)!;
        const bytes = pattern(length, seed++);
        const memory = buffers.bytes.of(bytes);
        if (kind === 'writePages') {
          buffers.types.copy(memory, pages, (error) => expect(error).toBeUndefined());
          await disk.write(offset, pages);
          model.set(bytes, offset);
        } else {
          await disk.readInto(offset, pages);
          buffers.types.copy(pages, memory, (error) => expect(error).toBeUndefined());
          expect(Buffer.from(bytes).equals(expected)).toBe(true);
        }
        // What the guest does to its pages changes nothing of the disk.
        buffers.types.copy(buffers.bytes.of(new Uint8Array(SECTOR)), slice(pages, 0, SECTOR), () => {});
        pools[index]!.free(pages);
      }
    }
    await Promise.all(open);
    for (const [index, { disk }] of disks.entries()) {
      expect(Buffer.from(models[index]!).equals(await disk.read(0, SECTORS * SECTOR))).toBe(true);
    }
    expect(readFileSync(image.path).equals(image.content)).toBe(true);
    expect(host.machine.hv.checkFrames()).toEqual([]);
    for (const disk of disks) await disk[Symbol.asyncDispose]();
    expect(host.machine.hv.frameUsage().pages).toBe(0);
  };
  await fc.assert(fc.asyncProperty(fc.array(operation, { maxLength: 30 }), check), { numRuns: 60 });
});
