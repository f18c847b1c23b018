// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { EVTCHN_STATUS, GNTST, VIRQ } from '../../../src/hv/contract.ts';
import { connectHypercalls } from '../../../src/hv/hypercalls.ts';
import { createHypervisor } from '../../../src/hv/hypervisor.ts';
import { collectGarbage } from '../../support/garbage.ts';
import { bindPorts, countEvents, MACHINE_MEMORY, startMachine, until } from '../../support/hv-machine.ts';

describe('destroyDomain', () => {
  test('undoes what the domain held: its peers are left with what is theirs', async () => {
    using machine = startMachine([1]);
    const survivor = machine.dom(1);
    const page = await survivor.memory.alloc(0);
    const start = machine.hv.usage(1);
    for (let round = 0; round < 20; round++) {
      const mortal = machine.add(2 + round);
      const gref = await survivor.gnttab.grantAccess(mortal.domid, page);
      await mortal.gnttab.map(1, gref);
      await mortal.gnttab.map(1, gref);
      const theirs = await mortal.memory.alloc(2);
      await mortal.gnttab.grantAccess(1, theirs);
      const ports = await bindPorts(survivor, mortal);
      const seen = countEvents(survivor, ports.far);
      expect(await survivor.gnttab.endAccess(gref)).toBe('busy');
      machine.hv.destroyDomain(mortal.domid);
      expect(machine.hv.usage(mortal.domid)).toBeUndefined();
      expect(survivor.evtchn.poll()).toBe(false);
      expect(seen.count).toBe(0);
      expect((await survivor.evtchn.status(ports.far)).status).toBe(EVTCHN_STATUS.unbound);
      survivor.evtchn.notify(ports.far);
      expect(await survivor.gnttab.endAccess(gref)).toBe('ended');
      await survivor.evtchn.close(ports.far);
      expect(machine.hv.usage(1)).toEqual(start);
    }
  });

  test('of a granter leaves the mapping, which ends as any other', async () => {
    using machine = startMachine([1, 2]);
    const [granter, grantee] = [machine.dom(1), machine.dom(2)];
    const gref = await granter.gnttab.grantAccess(2, await granter.memory.alloc(0));
    const mapping = await grantee.gnttab.map(1, gref);
    new Uint8Array(mapping.buffer)[0] = 1;
    machine.hv.destroyDomain(1);
    expect(new Uint8Array(mapping.buffer)[0]).toBe(1);
    expect(machine.hv.peek(1, gref)).toBeUndefined();
    await expect(grantee.gnttab.map(1, gref)).rejects.toMatchObject({ status: GNTST.badDomain });
    expect(machine.hv.usage(2)?.mappings).toBe(1);
    await grantee.gnttab.unmap(mapping);
    await expect(grantee.gnttab.unmap(mapping)).rejects.toMatchObject({ status: GNTST.badHandle });
    expect(machine.hv.usage(2)?.mappings).toBe(0);
  });

  test('of a receiver leaves the giver its page', async () => {
    using machine = startMachine([1, 2]);
    const [giver, receiver] = [machine.dom(1), machine.dom(2)];
    const extent = await giver.memory.alloc(0);
    const offer = await receiver.gnttab.acceptTransfer(1);
    machine.hv.destroyDomain(2);
    await expect(giver.gnttab.transfer(2, offer, extent)).rejects.toMatchObject({ status: GNTST.badDomain });
    await giver.memory.free(extent);
  });

  test('raises the virtual interrupt in domain 0, once for each death that it saw', async () => {
    using machine = startMachine([0, 1, 2]);
    const port = await machine.dom(0).evtchn.bindVirq(VIRQ.domExc);
    const seen = countEvents(machine.dom(0), port);
    machine.hv.destroyDomain(1);
    machine.dom(0).evtchn.poll();
    machine.hv.destroyDomain(2);
    machine.dom(0).evtchn.poll();
    expect(seen.count).toBe(2);
    expect(machine.hv.domids()).toEqual([0]);
  });

  test('fails the hypercalls that were on their way and all later ones', async () => {
    using machine = startMachine([1]);
    const dom = machine.dom(1);
    const waiting = dom.memory.alloc(0);
    machine.hv.destroyDomain(1);
    await expect(waiting).rejects.toMatchObject({ code: 'ENODEV' });
    await expect(dom.memory.alloc(0)).rejects.toMatchObject({ code: 'ENODEV' });
    dom.evtchn.notify(1);
  });

  test('wants a domain, and a domid is taken while it lives', () => {
    using machine = startMachine([1]);
    expect(() => machine.hv.createDomain(1, 4)).toThrow(/domain 1 exists/);
    machine.hv.destroyDomain(1);
    expect(() => machine.hv.destroyDomain(1)).toThrow(/no domain 1/);
    expect(() => machine.hv.pause(1)).toThrow(/no domain 1/);
    machine.add(1);
    expect(machine.hv.usage(1)).toMatchObject({ extents: 0, pages: 0, ports: 0, grants: 0, mappings: 0 });
  });
});

test('a client that closes fails its own later hypercalls and leaves the domain to the hypervisor', async () => {
  using machine = startMachine([1]);
  const dom = machine.dom(1);
  await dom.memory.alloc(0);
  dom.close();
  await expect(dom.memory.alloc(0)).rejects.toMatchObject({ code: 'ENODEV' });
  await expect(dom.memory.alloc(0)).rejects.toMatchObject({ code: 'ENODEV' });
  expect(machine.hv.usage(1)?.extents).toBe(1);
});

test('a domain that dies in a thread that goes on leaves nothing in memory', async () => {
  const hv = createHypervisor({ memory: MACHINE_MEMORY });
  async function liveAndDie(): Promise<WeakRef<object>> {
    const door = hv.createDomain(1, 64);
    connectHypercalls(door);
    // Its event loop sleeps, and nobody will wake it.
    await until(() => hv.isBlocked(1));
    hv.destroyDomain(1);
    return new WeakRef(door.info.words.buffer);
  }
  const memory = await liveAndDie();
  await until(() => {
    collectGarbage();
    return memory.deref() === undefined;
  });
});
