// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { DOMID_SELF, EVTCHN_STATUS, VIRQ } from '../../../src/hv/contract.ts';
import { bindPorts, countEvents, startMachine } from '../../support/hv-machine.ts';

const { closed, unbound, interdomain, virq } = EVTCHN_STATUS;

describe('life of a port', () => {
  test('unbound, interdomain at both ends, unbound again, closed', async () => {
    using machine = startMachine([1, 2]);
    const [far, near] = [machine.dom(1).evtchn, machine.dom(2).evtchn];
    const farPort = await far.allocUnbound(2);
    expect(farPort).toBe(1);
    expect(await far.status(farPort)).toEqual({ status: unbound, remote: 2 });
    const nearPort = await near.bindInterdomain(1, farPort);
    expect(await far.status(farPort)).toEqual({ status: interdomain, remote: 2, remotePort: nearPort });
    expect(await near.status(nearPort)).toEqual({ status: interdomain, remote: 1, remotePort: farPort });
    await near.close(nearPort);
    expect(await near.status(nearPort)).toEqual({ status: closed });
    expect(await far.status(farPort)).toEqual({ status: unbound, remote: 2 });
    await far.close(farPort);
    expect(await far.status(farPort)).toEqual({ status: closed });
    expect([machine.hv.usage(1)?.ports, machine.hv.usage(2)?.ports]).toEqual([0, 0]);
  });

  test('the end that was left can be bound by the same domain again', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    await machine.dom(2).evtchn.close(ports.near);
    const again = await machine.dom(2).evtchn.bindInterdomain(1, ports.far);
    const seen = countEvents(machine.dom(2), again);
    await machine.dom(1).evtchn.status(ports.far);
    machine.dom(1).evtchn.notify(ports.far);
    machine.dom(2).evtchn.poll();
    expect(seen.count).toBe(1);
  });

  test('ports have no number 0, and the lowest free one is used', async () => {
    using machine = startMachine([1]);
    const { evtchn } = machine.dom(1);
    const ports = [await evtchn.allocUnbound(2), await evtchn.allocUnbound(2), await evtchn.allocUnbound(2)];
    expect(ports).toEqual([1, 2, 3]);
    await evtchn.close(2);
    expect(await evtchn.allocUnbound(2)).toBe(2);
    expect(await evtchn.status(0)).toEqual({ status: closed });
  });

  test.each([0, 1, -1, 1023, 1024, 2 ** 40])('there is nothing to close at port %d, twice neither', async (port) => {
    using machine = startMachine([1]);
    await expect(machine.dom(1).evtchn.close(port)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('1023 ports, then no space, for alloc, bind and bindPair alike; nothing half-made stays', async () => {
    using machine = startMachine([0, 1, 2]);
    const { evtchn } = machine.dom(1);
    const ports = await Promise.all(Array.from({ length: 1023 }, () => evtchn.allocUnbound(2)));
    expect(Math.max(...ports)).toBe(1023);
    await expect(evtchn.allocUnbound(2)).rejects.toMatchObject({ code: 'ENOSPC' });
    const offered = await machine.dom(2).evtchn.allocUnbound(1);
    await expect(evtchn.bindInterdomain(2, offered)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await machine.dom(2).evtchn.status(offered)).toEqual({ status: unbound, remote: 1 });
    expect(() => machine.hv.bindPair(1, 2)).toThrow(/1023 event channels/);
    expect(() => machine.hv.bindPair(2, 1)).toThrow(/1023 event channels/);
    expect(machine.hv.usage(2)?.ports).toBe(1);
    await evtchn.close(500);
    expect(await evtchn.bindInterdomain(2, offered)).toBe(500);
  });
});

describe('bindInterdomain', () => {
  test("sets the caller's own port pending at once, and not the other end's", () => {
    using machine = startMachine([1, 2]);
    const [near, far] = [countEvents(machine.dom(2), 1), countEvents(machine.dom(1), 1)];
    const pair = machine.hv.bindPair(2, 1);
    expect(pair).toEqual({ near: 1, far: 1 });
    expect(machine.dom(2).evtchn.poll()).toBe(true);
    expect(machine.dom(1).evtchn.poll()).toBe(false);
    expect([near.count, far.count]).toEqual([1, 0]);
  });

  test('wants a domain that exists and a port that is open to the caller', async () => {
    using machine = startMachine([1, 2, 3]);
    const { evtchn } = machine.dom(2);
    await expect(evtchn.bindInterdomain(9, 1)).rejects.toMatchObject({ code: 'ESRCH' });
    await expect(evtchn.bindInterdomain(1, 1)).rejects.toMatchObject({ code: 'EINVAL' });
    const foreign = await machine.dom(1).evtchn.allocUnbound(3);
    await expect(evtchn.bindInterdomain(1, foreign)).rejects.toMatchObject({ code: 'EINVAL' });
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    await expect(evtchn.bindInterdomain(1, ports.far)).rejects.toMatchObject({ code: 'EINVAL' });
    expect(machine.hv.usage(2)?.ports).toBe(1);
  });

  test('loops back to the caller, by number or as DOMID_SELF', async () => {
    using machine = startMachine([1]);
    const dom = machine.dom(1);
    const far = await dom.evtchn.allocUnbound(DOMID_SELF);
    const near = await dom.evtchn.bindInterdomain(DOMID_SELF, far);
    const seen = [countEvents(dom, far), countEvents(dom, near)];
    dom.evtchn.notify(near);
    dom.evtchn.poll();
    expect(seen.map((port) => port.count)).toEqual([1, 0]);
    dom.evtchn.notify(far);
    dom.evtchn.poll();
    expect(seen.map((port) => port.count)).toEqual([1, 1]);
    await dom.evtchn.close(far);
    expect(await dom.evtchn.status(near)).toEqual({ status: unbound, remote: 1 });
  });
});

describe('virtual interrupts', () => {
  test('a global one is bound by domain 0 alone, and once', async () => {
    using machine = startMachine([0, 1]);
    const port = await machine.dom(0).evtchn.bindVirq(VIRQ.domExc);
    expect(await machine.dom(0).evtchn.status(port)).toEqual({ status: virq });
    await expect(machine.dom(0).evtchn.bindVirq(VIRQ.domExc)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(machine.dom(1).evtchn.bindVirq(VIRQ.domExc)).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(machine.dom(0).evtchn.bindVirq(0)).rejects.toMatchObject({ code: 'EINVAL' });
    await machine.dom(0).evtchn.close(port);
    expect(await machine.dom(0).evtchn.bindVirq(VIRQ.domExc)).toBe(port);
  });

  test('a domain without free ports that asks for every one of them undoes nothing of domain 0 (XSA-496)', async () => {
    using machine = startMachine([0, 1]);
    const port = await machine.dom(0).evtchn.bindVirq(VIRQ.domExc);
    const seen = countEvents(machine.dom(0), port);
    const { evtchn } = machine.dom(1);
    await Promise.all(Array.from({ length: 1023 }, () => evtchn.allocUnbound(0)));
    for (let number = -1; number < 32; number++) await expect(evtchn.bindVirq(number)).rejects.toThrow();
    machine.hv.destroyDomain(1);
    machine.dom(0).evtchn.poll();
    expect(seen.count).toBe(1);
  });

  test('cannot be sent: notify on such a port is nothing', async () => {
    using machine = startMachine([0]);
    const port = await machine.dom(0).evtchn.bindVirq(VIRQ.domExc);
    const seen = countEvents(machine.dom(0), port);
    machine.dom(0).evtchn.notify(port);
    expect(machine.dom(0).evtchn.poll()).toBe(false);
    expect(seen.count).toBe(0);
  });
});
