// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { GNTST, PAGE_SIZE } from '../../../src/hv/contract.ts';
import { type Machine, startMachine } from '../../support/hv-machine.ts';

const status = (code: number) => ({ code: 'GNTST', status: code });

/** Domain 1 granted a page to domain 2, which has a page of its own; both are full of their own letter. */
async function pages(machine: Machine, options?: { readonly readonly?: boolean }) {
  const [granter, copier] = [machine.dom(1), machine.dom(2)];
  const theirs = await granter.memory.alloc(0);
  const own = await copier.memory.alloc(0);
  const gref = await granter.gnttab.grantAccess(2, theirs, options);
  new Uint8Array(theirs.buffer).fill(0x61);
  new Uint8Array(own.buffer).fill(0x62);
  return { granter, copier, theirs, own, gref, grant: { domid: 1, gref } };
}

const text = (buffer: SharedArrayBuffer, offset: number, length: number): string =>
  Buffer.from(buffer).toString('latin1', offset, offset + length);

describe('copy', () => {
  test('takes from a grant, gives to a grant, and between two own offsets', async () => {
    using machine = startMachine([1, 2]);
    const { copier, theirs, own, grant } = await pages(machine);
    await copier.gnttab.copy({ ...grant, offset: 10 }, { extent: own.id, offset: 4090 }, 6);
    expect(text(own.buffer, 4088, 8)).toBe('bbaaaaaa');
    await copier.gnttab.copy({ extent: own.id, offset: 0 }, { ...grant, offset: 1 }, 3);
    expect(text(theirs.buffer, 0, 6)).toBe('abbbaa');
    await copier.gnttab.copy({ extent: own.id, offset: 4089 }, { extent: own.id, offset: 4088 }, 7);
    expect(text(own.buffer, 4086, 10)).toBe('bbbaaaaaaa');
  });

  test('copies overlapping ranges as if through a buffer', async () => {
    using machine = startMachine([1, 2]);
    const { copier, own } = await pages(machine);
    Buffer.from(own.buffer).write('0123456789', 0, 'latin1');
    await copier.gnttab.copy({ extent: own.id, offset: 0 }, { extent: own.id, offset: 2 }, 8);
    expect(text(own.buffer, 0, 10)).toBe('0101234567');
  });

  test('all of a page, and nothing at all', async () => {
    using machine = startMachine([1, 2]);
    const { copier, own, grant } = await pages(machine);
    await copier.gnttab.copy({ ...grant, offset: PAGE_SIZE }, { extent: own.id, offset: PAGE_SIZE }, 0);
    expect(text(own.buffer, 0, PAGE_SIZE)).toBe('b'.repeat(PAGE_SIZE));
    await copier.gnttab.copy({ ...grant, offset: 0 }, { extent: own.id, offset: 0 }, PAGE_SIZE);
    expect(text(own.buffer, 0, PAGE_SIZE)).toBe('a'.repeat(PAGE_SIZE));
  });

  test.each([
    [0, 0, PAGE_SIZE + 1],
    [1, 0, PAGE_SIZE],
    [0, 1, PAGE_SIZE],
    [-1, 0, 1],
    [0, -1, 1],
    [0, 0, -1],
    [PAGE_SIZE + 1, 0, 0],
    [Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER],
  ])('from %i to %i, %i bytes, is a bad argument and copies nothing', async (from, to, length) => {
    using machine = startMachine([1, 2]);
    const { copier, own, grant } = await pages(machine);
    const copy = copier.gnttab.copy({ ...grant, offset: from }, { extent: own.id, offset: to }, length);
    await expect(copy).rejects.toMatchObject(status(GNTST.badCopyArg));
    expect(text(own.buffer, 0, PAGE_SIZE)).toBe('b'.repeat(PAGE_SIZE));
  });

  test('a read-only grant can be read and not written', async () => {
    using machine = startMachine([1, 2]);
    const { copier, theirs, own, grant } = await pages(machine, { readonly: true });
    await copier.gnttab.copy({ ...grant, offset: 0 }, { extent: own.id, offset: 0 }, 4);
    expect(text(own.buffer, 0, 5)).toBe('aaaab');
    const back = copier.gnttab.copy({ extent: own.id, offset: 9 }, { ...grant, offset: 0 }, 4);
    await expect(back).rejects.toMatchObject(status(GNTST.generalError));
    expect(text(theirs.buffer, 0, 4)).toBe('aaaa');
  });

  test('is for the grantee, pins nothing, and ends with the grant', async () => {
    using machine = startMachine([1, 2, 3]);
    const { granter, copier, own, gref, grant } = await pages(machine);
    const stranger = machine.dom(3);
    const page = await stranger.memory.alloc(0);
    const stolen = stranger.gnttab.copy({ ...grant, offset: 0 }, { extent: page.id, offset: 0 }, 1);
    await expect(stolen).rejects.toMatchObject(status(GNTST.generalError));
    await copier.gnttab.copy({ ...grant, offset: 0 }, { extent: own.id, offset: 0 }, 1);
    expect(await granter.gnttab.endAccess(gref)).toBe('ended');
    const late = copier.gnttab.copy({ ...grant, offset: 0 }, { extent: own.id, offset: 0 }, 1);
    await expect(late).rejects.toMatchObject(status(GNTST.badGntref));
    const dead = copier.gnttab.copy({ domid: 77, gref, offset: 0 }, { extent: own.id, offset: 0 }, 1);
    await expect(dead).rejects.toMatchObject(status(GNTST.badDomain));
  });

  test("names no extent but the caller's own", async () => {
    using machine = startMachine([1, 2]);
    const { granter, copier, theirs } = await pages(machine);
    const second = await granter.memory.alloc(0);
    expect(second.id).not.toBe(theirs.id);
    const end = { extent: second.id, offset: 0 };
    await expect(copier.gnttab.copy(end, end, 1)).rejects.toMatchObject({ code: 'EINVAL' });
  });
});
