// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { DOMID_SELF, GNTST } from '../../../src/hv/contract.ts';
import { MAX_GRANTS, MAX_MAPPINGS } from '../../../src/hv/grants.ts';
import { type Machine, startMachine } from '../../support/hv-machine.ts';

const GRANTER = 1;
const GRANTEE = 2;
const STRANGER = 3;

async function granted(machine: Machine, options?: { readonly readonly?: boolean }) {
  const granter = machine.dom(GRANTER);
  const extent = await granter.memory.alloc(1);
  const gref = await granter.gnttab.grantAccess(GRANTEE, extent, options);
  return { granter, grantee: machine.dom(GRANTEE), extent, gref };
}

const status = (code: number) => ({ code: 'GNTST', status: code });

describe('map and unmap', () => {
  test('a mapping is the very memory of the extent, both ways', async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { grantee, extent, gref } = await granted(machine);
    const mapping = await grantee.gnttab.map(GRANTER, gref);
    expect(mapping.buffer.byteLength).toBe(extent.buffer.byteLength);
    new Uint8Array(extent.buffer)[5000] = 42;
    new Uint8Array(mapping.buffer)[1] = 43;
    expect(new Uint8Array(mapping.buffer)[5000]).toBe(42);
    expect(new Uint8Array(extent.buffer)[1]).toBe(43);
  });

  test('references start above the reserved ones and are used again', async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { granter, extent, gref } = await granted(machine);
    expect(gref).toBe(8);
    expect(await granter.gnttab.grantAccess(GRANTEE, extent)).toBe(9);
    expect(await granter.gnttab.endAccess(gref)).toBe('ended');
    expect(await granter.gnttab.grantAccess(STRANGER, extent)).toBe(8);
  });

  test("a second unmap, a stranger's and an invented handle are bad handles", async () => {
    using machine = startMachine([GRANTER, GRANTEE, STRANGER]);
    const { grantee, gref } = await granted(machine);
    const mapping = await grantee.gnttab.map(GRANTER, gref);
    await expect(machine.dom(STRANGER).gnttab.unmap(mapping)).rejects.toMatchObject(status(GNTST.badHandle));
    expect(machine.hv.usage(GRANTEE)?.mappings).toBe(1);
    await grantee.gnttab.unmap(mapping);
    await expect(grantee.gnttab.unmap(mapping)).rejects.toMatchObject(status(-4));
    await expect(grantee.gnttab.unmap({ ...mapping, handle: -7 })).rejects.toMatchObject(status(-4));
    expect(machine.hv.usage(GRANTEE)?.mappings).toBe(0);
  });

  test('handles are not used again, so a stale one never reaches a later mapping', async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { grantee, gref } = await granted(machine);
    const first = await grantee.gnttab.map(GRANTER, gref);
    await grantee.gnttab.unmap(first);
    const second = await grantee.gnttab.map(GRANTER, gref);
    expect(second.handle).not.toBe(first.handle);
  });

  test.each([
    ['a domain that does not exist', 99, 8, GNTST.badDomain],
    ['a reference that does not exist', GRANTER, 9, GNTST.badGntref],
    ['a reserved reference', GRANTER, 0, GNTST.badGntref],
    ['a huge reference', GRANTER, Number.MAX_SAFE_INTEGER, GNTST.badGntref],
    ['a negative reference', GRANTER, -1, GNTST.badGntref],
    ['DOMID_SELF, which has no table of grants to others', DOMID_SELF, 8, GNTST.badDomain],
  ])('%s cannot be mapped', async (_what, domid, gref, expected) => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { grantee } = await granted(machine);
    await expect(grantee.gnttab.map(domid, gref)).rejects.toMatchObject(status(expected));
    expect(machine.hv.usage(GRANTEE)?.mappings).toBe(0);
  });

  test('only the grantee may map', async () => {
    using machine = startMachine([GRANTER, GRANTEE, STRANGER]);
    const { granter, gref } = await granted(machine);
    await expect(machine.dom(STRANGER).gnttab.map(GRANTER, gref)).rejects.toMatchObject(status(GNTST.generalError));
    await expect(granter.gnttab.map(GRANTER, gref)).rejects.toMatchObject(status(GNTST.generalError));
    expect(await granter.gnttab.endAccess(gref)).toBe('ended');
  });

  test('a read-only grant maps read-only alone; a writable one maps either way', async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { granter, grantee, extent, gref } = await granted(machine, { readonly: true });
    await expect(grantee.gnttab.map(GRANTER, gref)).rejects.toMatchObject(status(GNTST.generalError));
    await grantee.gnttab.map(GRANTER, gref, { readonly: true });
    const writable = await granter.gnttab.grantAccess(GRANTEE, extent);
    await grantee.gnttab.map(GRANTER, writable, { readonly: true });
    await grantee.gnttab.map(GRANTER, writable);
    expect(machine.hv.usage(GRANTEE)?.mappings).toBe(3);
  });

  test('only the owner of an extent grants it', async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { grantee, extent } = await granted(machine);
    await expect(grantee.gnttab.grantAccess(GRANTER, extent)).rejects.toMatchObject({ code: 'EINVAL' });
    expect(machine.hv.usage(GRANTEE)?.grants).toBe(0);
  });
});

describe('endAccess', () => {
  test('is busy while one of several mappings is left, and changes nothing then', async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { granter, grantee, gref } = await granted(machine);
    const mappings = [await grantee.gnttab.map(GRANTER, gref), await grantee.gnttab.map(GRANTER, gref)];
    for (const mapping of mappings) {
      expect(await granter.gnttab.endAccess(gref)).toBe('busy');
      expect(machine.hv.usage(GRANTER)?.grants).toBe(1);
      await grantee.gnttab.unmap(mapping);
    }
    expect(await granter.gnttab.endAccess(gref)).toBe('ended');
    await expect(granter.gnttab.endAccess(gref)).rejects.toMatchObject(status(GNTST.badGntref));
    await expect(grantee.gnttab.map(GRANTER, gref)).rejects.toMatchObject(status(GNTST.badGntref));
  });

  test('against a map sent at the same time, exactly one of them wins', async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const doms = [machine.dom(GRANTER), machine.dom(GRANTEE)] as const;
    const pages = [await doms[0].memory.alloc(0), await doms[1].memory.alloc(0)] as const;
    for (let round = 0; round < 200; round++) {
      // Which of two doors is served first is not ours to say, so both domains play both parts.
      const side = (round % 2) as 0 | 1;
      const [granter, grantee] = [doms[side], doms[1 - side]!];
      const gref = await granter.gnttab.grantAccess(grantee.domid, pages[side]);
      const [ended, mapped] = await Promise.allSettled([
        granter.gnttab.endAccess(gref),
        grantee.gnttab.map(granter.domid, gref),
      ]);
      expect(ended).toMatchObject({ value: mapped.status === 'fulfilled' ? 'busy' : 'ended' });
      if (mapped.status === 'rejected') continue;
      await grantee.gnttab.unmap(mapped.value);
      expect(await granter.gnttab.endAccess(gref)).toBe('ended');
    }
    for (const domid of [GRANTER, GRANTEE]) expect(machine.hv.usage(domid)).toMatchObject({ grants: 0, mappings: 0 });
  });
});

describe('limits', () => {
  test(`a domain has ${MAX_GRANTS} grants; the next says no space, and an ended one makes room`, async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { granter, extent } = await granted(machine);
    const grefs = await Promise.all(
      Array.from({ length: MAX_GRANTS - 1 }, () => granter.gnttab.grantAccess(GRANTEE, extent)),
    );
    expect(new Set(grefs).size).toBe(MAX_GRANTS - 1);
    await expect(granter.gnttab.grantAccess(GRANTEE, extent)).rejects.toMatchObject(status(GNTST.noSpace));
    await expect(granter.gnttab.acceptTransfer(GRANTEE)).rejects.toMatchObject(status(GNTST.noSpace));
    await granter.gnttab.endAccess(grefs[100]!);
    expect(await granter.gnttab.grantAccess(GRANTEE, extent)).toBe(grefs[100]);
  });

  test(`a domain holds ${MAX_MAPPINGS} mappings; a refused map pins nothing`, async () => {
    using machine = startMachine([GRANTER, GRANTEE]);
    const { granter, grantee, extent, gref } = await granted(machine);
    const mappings = await Promise.all(Array.from({ length: MAX_MAPPINGS }, () => grantee.gnttab.map(GRANTER, gref)));
    const spare = await granter.gnttab.grantAccess(GRANTEE, extent);
    await expect(grantee.gnttab.map(GRANTER, spare)).rejects.toMatchObject(status(GNTST.noSpace));
    expect(await granter.gnttab.endAccess(spare)).toBe('ended');
    await Promise.all(mappings.map((mapping) => grantee.gnttab.unmap(mapping)));
    expect(await granter.gnttab.endAccess(gref)).toBe('ended');
  });
});
