// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { GNTST, PAGE_SIZE } from '../../../src/hv/contract.ts';
import { startMachine } from '../../support/hv-machine.ts';

const status = (code: number) => ({ code: 'GNTST', status: code });

describe('transfer', () => {
  test('moves contents and quota; the giver keeps a dead copy', async () => {
    using machine = startMachine([1, 2]);
    const [giver, receiver] = [machine.dom(1), machine.dom(2)];
    const extent = await giver.memory.alloc(1);
    new Uint8Array(extent.buffer).fill(5);
    const gref = await receiver.gnttab.acceptTransfer(1);
    expect(await receiver.gnttab.completeTransfer(gref)).toBeUndefined();
    await giver.gnttab.transfer(2, gref, extent);
    expect(machine.hv.usage(1)).toMatchObject({ extents: 0, pages: 0 });
    const arrived = await receiver.gnttab.completeTransfer(gref);
    expect(machine.hv.usage(2)).toMatchObject({ extents: 1, pages: 2, grants: 0 });
    expect(arrived?.buffer.byteLength).toBe(2 * PAGE_SIZE);
    expect(new Uint8Array(arrived!.buffer).every((byte) => byte === 5)).toBe(true);
    new Uint8Array(extent.buffer).fill(6);
    expect(new Uint8Array(arrived!.buffer)[0]).toBe(5);
    await expect(giver.memory.free(extent)).rejects.toMatchObject({ code: 'EINVAL' });
    await receiver.memory.free(arrived!);
  });

  test('goes to who offered, from whom it was offered, once', async () => {
    using machine = startMachine([1, 2, 3]);
    const [giver, receiver, stranger] = [machine.dom(1), machine.dom(2), machine.dom(3)];
    const [first, second] = [await giver.memory.alloc(0), await giver.memory.alloc(0)];
    const gref = await receiver.gnttab.acceptTransfer(1);
    const foreign = await stranger.memory.alloc(0);
    await expect(stranger.gnttab.transfer(2, gref, foreign)).rejects.toMatchObject(status(GNTST.generalError));
    await expect(giver.gnttab.transfer(2, gref + 1, first)).rejects.toMatchObject(status(GNTST.badGntref));
    await expect(giver.gnttab.transfer(9, gref, first)).rejects.toMatchObject(status(GNTST.badDomain));
    await giver.gnttab.transfer(2, gref, first);
    await expect(giver.gnttab.transfer(2, gref, second)).rejects.toMatchObject(status(GNTST.generalError));
    expect(machine.hv.usage(1)).toMatchObject({ extents: 1, pages: 1 });
    expect(machine.hv.usage(3)).toMatchObject({ extents: 1, pages: 1 });
  });

  test('changes nothing when the receiver has no quota left or the extent is granted', async () => {
    using machine = startMachine([1]);
    const [giver, receiver] = [machine.dom(1), machine.add(2, 1)];
    const extent = await giver.memory.alloc(1);
    const gref = await receiver.gnttab.acceptTransfer(1);
    await expect(giver.gnttab.transfer(2, gref, extent)).rejects.toMatchObject({ code: 'ENOMEM' });
    const small = await giver.memory.alloc(0);
    await giver.gnttab.grantAccess(2, small);
    await expect(giver.gnttab.transfer(2, gref, small)).rejects.toMatchObject({ code: 'EBUSY' });
    expect(machine.hv.usage(1)).toMatchObject({ extents: 2, pages: 3 });
    expect(machine.hv.usage(2)).toMatchObject({ extents: 0, pages: 0, grants: 1 });
    expect(await receiver.gnttab.completeTransfer(gref)).toBeUndefined();
  });

  test('an offer can be withdrawn, but not with something in it', async () => {
    using machine = startMachine([1, 2]);
    const [giver, receiver] = [machine.dom(1), machine.dom(2)];
    const extent = await giver.memory.alloc(0);
    const empty = await receiver.gnttab.acceptTransfer(1);
    expect(await receiver.gnttab.endAccess(empty)).toBe('ended');
    await expect(giver.gnttab.transfer(2, empty, extent)).rejects.toMatchObject(status(GNTST.badGntref));
    const full = await receiver.gnttab.acceptTransfer(1);
    await giver.gnttab.transfer(2, full, extent);
    expect(await receiver.gnttab.endAccess(full)).toBe('busy');
    await receiver.memory.free((await receiver.gnttab.completeTransfer(full))!);
    expect(machine.hv.usage(2)).toMatchObject({ extents: 0, pages: 0, grants: 0 });
  });

  test('an offer is no access and a grant is no offer', async () => {
    using machine = startMachine([1, 2]);
    const [giver, receiver] = [machine.dom(1), machine.dom(2)];
    const extent = await giver.memory.alloc(0);
    const offer = await receiver.gnttab.acceptTransfer(1);
    await expect(giver.gnttab.map(2, offer)).rejects.toMatchObject(status(GNTST.generalError));
    await giver.gnttab.transfer(2, offer, extent);
    await expect(giver.gnttab.map(2, offer)).rejects.toMatchObject(status(GNTST.generalError));
    const other = await giver.memory.alloc(0);
    const grant = await giver.gnttab.grantAccess(2, other);
    await expect(giver.gnttab.completeTransfer(grant)).rejects.toMatchObject(status(GNTST.badGntref));
    const page = await receiver.memory.alloc(0);
    await expect(receiver.gnttab.transfer(1, grant, page)).rejects.toMatchObject(status(GNTST.generalError));
  });
});
