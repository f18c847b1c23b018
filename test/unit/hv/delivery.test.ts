// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { EVTCHN_STATUS } from '../../../src/hv/contract.ts';
import { bindPorts, countEvents, startMachine, until } from '../../support/hv-machine.ts';

describe('notify', () => {
  test('reaches a domain that sleeps, without any poll', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const seen = countEvents(machine.dom(2), ports.near);
    for (let round = 1; round <= 100; round++) {
      await until(() => machine.hv.isBlocked(2));
      machine.dom(1).evtchn.notify(ports.far);
      expect(machine.hv.isBlocked(2)).toBe(false);
      await until(() => seen.count === round);
    }
  });

  test('coalesces until it is seen, and both ends count', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const seen = countEvents(machine.dom(2), ports.near);
    const before = machine.hv.counters(2, ports.near).received;
    for (let i = 0; i < 1000; i++) machine.dom(1).evtchn.notify(ports.far);
    machine.dom(2).evtchn.poll();
    expect(seen.count).toBe(1);
    expect(machine.dom(2).evtchn.poll()).toBe(false);
    expect(machine.hv.counters(1, ports.far).sent).toBe(1000);
    expect(machine.hv.counters(2, ports.near).received).toBe(before + 1);
  });

  test('on a port that is unbound, closed or never was is nothing', async () => {
    using machine = startMachine([1, 2]);
    const { evtchn } = machine.dom(1);
    const port = await evtchn.allocUnbound(2);
    evtchn.notify(port);
    evtchn.notify(0);
    evtchn.notify(700);
    expect(machine.hv.counters(1, port).sent).toBe(0);
    const near = await machine.dom(2).evtchn.bindInterdomain(1, port);
    machine.dom(2).evtchn.poll();
    await machine.dom(2).evtchn.close(near);
    evtchn.notify(port);
    expect([machine.dom(1).evtchn.poll(), machine.dom(2).evtchn.poll()]).toEqual([false, false]);
  });

  test("is kept when the port is bound but the sender's thread has not heard of it yet", async () => {
    using machine = startMachine([1, 2]);
    const seen = countEvents(machine.dom(1), 1);
    machine.hv.bindPair(2, 1);
    machine.dom(2).evtchn.notify(1);
    await until(() => seen.count === 1);
    expect(machine.hv.counters(2, 1).sent).toBe(1);
  });

  test.each([1, 31, 32, 33, 63, 1023])('port %i works', async (port) => {
    using machine = startMachine([1, 2]);
    const dom = machine.dom(1);
    await Promise.all(Array.from({ length: port }, () => dom.evtchn.allocUnbound(2)));
    const near = await machine.dom(2).evtchn.bindInterdomain(1, port);
    const seen = countEvents(dom, port);
    machine.dom(2).evtchn.notify(near);
    dom.evtchn.poll();
    expect(seen.count).toBe(1);
  });
});

describe('close', () => {
  test('gives the other end no event', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const seen = countEvents(machine.dom(1), ports.far);
    await machine.dom(2).evtchn.close(ports.near);
    expect(machine.dom(1).evtchn.poll()).toBe(false);
    expect(seen.count).toBe(0);
    expect((await machine.dom(1).evtchn.status(ports.far)).status).toBe(EVTCHN_STATUS.unbound);
  });

  test('forgets an event that nobody saw, and a mask', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    machine.dom(2).evtchn.mask(ports.near);
    machine.dom(1).evtchn.notify(ports.far);
    machine.hv.closePort(2, ports.near);
    const again = await bindPorts(machine.dom(1), machine.dom(2));
    expect(again.near).toBe(ports.near);
    const seen = countEvents(machine.dom(2), again.near);
    expect(machine.dom(2).evtchn.poll()).toBe(false);
    machine.dom(1).evtchn.notify(again.far);
    machine.dom(2).evtchn.poll();
    expect(seen.count).toBe(1);
  });

  test("takes the handler along: the port's next life is quiet until somebody listens", async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const old = countEvents(machine.dom(2), ports.near);
    await machine.dom(2).evtchn.close(ports.near);
    const again = await machine.dom(2).evtchn.bindInterdomain(1, ports.far);
    expect(again).toBe(ports.near);
    await machine.dom(1).evtchn.status(ports.far);
    machine.dom(1).evtchn.notify(ports.far);
    machine.dom(2).evtchn.poll();
    expect(old.count).toBe(0);
  });

  test('by the control domain: closing a port that is not there is nothing', () => {
    using machine = startMachine([1, 2]);
    machine.hv.bindPair(1, 2);
    machine.hv.closePort(1, 1);
    machine.hv.closePort(1, 1);
    machine.hv.closePort(9, 1);
    expect(machine.hv.usage(1)?.ports).toBe(0);
  });
});

describe('a port that is bound anew', () => {
  test('is not reached by the partner of its former life', async () => {
    using machine = startMachine([1, 2, 3]);
    machine.hv.bindPair(1, 2);
    await machine.dom(2).evtchn.status(1);
    machine.hv.closePort(1, 1);
    machine.hv.bindPair(1, 3);
    const seen = countEvents(machine.dom(1), 1);
    machine.dom(2).evtchn.notify(1);
    expect(machine.dom(1).evtchn.poll()).toBe(false);
    expect(seen.count).toBe(0);
  });

  test('sends to its new partner alone, even before its thread has heard of it', async () => {
    using machine = startMachine([1, 2, 3]);
    machine.hv.bindPair(1, 2);
    await machine.dom(2).evtchn.status(1);
    machine.hv.closePort(2, 1);
    machine.hv.bindPair(3, 2);
    const [former, present] = [countEvents(machine.dom(1), 1), countEvents(machine.dom(3), 1)];
    machine.dom(2).evtchn.notify(1);
    expect(machine.dom(1).evtchn.poll()).toBe(false);
    await until(() => present.count === 1);
    expect(former.count).toBe(0);
  });

  test('drops a notification that was kept for a binding that is gone', async () => {
    using machine = startMachine([1, 2, 3]);
    machine.hv.bindPair(1, 2);
    machine.dom(2).evtchn.notify(1);
    machine.hv.closePort(1, 1);
    machine.hv.bindPair(1, 3);
    const seen = countEvents(machine.dom(1), 1);
    await machine.dom(2).evtchn.status(1);
    expect(machine.dom(1).evtchn.poll()).toBe(false);
    expect(seen.count).toBe(0);
  });
});

describe('mask', () => {
  test('holds an event back; unmask raises it again', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const [sender, { evtchn }] = [machine.dom(1).evtchn, machine.dom(2)];
    const seen = countEvents(machine.dom(2), ports.near);
    evtchn.mask(ports.near);
    sender.notify(ports.far);
    sender.notify(ports.far);
    expect(evtchn.poll()).toBe(false);
    evtchn.unmask(ports.near);
    expect(evtchn.poll()).toBe(true);
    expect(seen.count).toBe(1);
    evtchn.mask(ports.near);
    evtchn.unmask(ports.near);
    expect(evtchn.poll()).toBe(false);
  });

  test('holds back what was pending before it, and wakes the sleeper at unmask', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const seen = countEvents(machine.dom(2), ports.near);
    machine.dom(1).evtchn.notify(ports.far);
    machine.dom(2).evtchn.mask(ports.near);
    expect(machine.dom(2).evtchn.poll()).toBe(false);
    await until(() => machine.hv.isBlocked(2));
    machine.dom(2).evtchn.unmask(ports.near);
    await until(() => seen.count === 1);
  });

  test('of one port leaves its neighbours alone, also from a handler of the same round', async () => {
    using machine = startMachine([1, 2]);
    const [first, second] = [
      await bindPorts(machine.dom(1), machine.dom(2)),
      await bindPorts(machine.dom(1), machine.dom(2)),
    ];
    const { evtchn } = machine.dom(2);
    const order: number[] = [];
    for (const { near } of [first, second]) {
      evtchn.listen(near, () => {
        order.push(near);
        evtchn.mask(first.near + second.near - near);
      });
    }
    for (const { far } of [first, second]) machine.dom(1).evtchn.notify(far);
    evtchn.poll();
    expect(order).toHaveLength(1);
    const held = first.near + second.near - order[0]!;
    evtchn.unmask(held);
    evtchn.poll();
    expect(order).toEqual([order[0], held]);
  });
});

describe('handlers', () => {
  test('run at least once soon after they are set, as events may have come before', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    let runs = 0;
    machine.dom(2).evtchn.listen(ports.near, () => {
      runs++;
    });
    await until(() => runs === 1);
    machine.dom(2).evtchn.listen(ports.near, undefined);
    machine.dom(1).evtchn.notify(ports.far);
    expect(machine.dom(2).evtchn.poll()).toBe(true);
    expect(runs).toBe(1);
  });

  test('an event raised while a port is handled is seen in the next round', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const { evtchn } = machine.dom(2);
    let runs = 0;
    evtchn.listen(ports.near, () => {
      runs++;
      if (runs < 3) machine.dom(1).evtchn.notify(ports.far);
    });
    for (const expected of [1, 2, 3]) {
      expect(evtchn.poll()).toBe(true);
      expect(runs).toBe(expected);
    }
    expect(evtchn.poll()).toBe(false);
  });

  test('may poll for the event of another port that came in the same round', async () => {
    using machine = startMachine([1, 2]);
    const pairs = [];
    for (let i = 0; i < 40; i++) pairs.push(await bindPorts(machine.dom(1), machine.dom(2)));
    const { evtchn } = machine.dom(2);
    const ran = new Map<number, number>();
    let waited = 0;
    for (const { near } of pairs) {
      evtchn.listen(near, () => {
        ran.set(near, (ran.get(near) ?? 0) + 1);
        if (ran.size > 1) return;
        // The first of them needs all the others and may not yield.
        while (ran.size < pairs.length && waited < 1000) {
          waited++;
          evtchn.poll();
        }
      });
    }
    evtchn.poll();
    expect(ran.size).toBe(pairs.length);
    expect(waited).toBeLessThan(1000);
    expect([...ran.values()].every((count) => count === 1)).toBe(true);
  });

  test("one that throws loses no other port's event", async () => {
    using machine = startMachine([1, 2]);
    const pairs = [];
    for (let i = 0; i < 40; i++) pairs.push(await bindPorts(machine.dom(1), machine.dom(2)));
    const { evtchn } = machine.dom(2);
    const ran = new Set<number>();
    for (const { near } of pairs) {
      evtchn.listen(near, () => {
        ran.add(near);
        throw new Error(`handler of port ${near}`);
      });
    }
    for (let i = 0; i < pairs.length; i++) expect(() => evtchn.poll()).toThrow(/handler of port/);
    expect(ran.size).toBe(pairs.length);
    expect(evtchn.poll()).toBe(false);
  });
});

describe('blocking for an event', () => {
  test('takes one that is pending, masked or not, and runs no handler', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const seen = countEvents(machine.dom(2), ports.near);
    const { evtchn } = machine.dom(2);
    evtchn.mask(ports.near);
    machine.dom(1).evtchn.notify(ports.far);
    expect([evtchn.wait(ports.near, 60_000), evtchn.wait(ports.near, 1)]).toEqual([true, false]);
    evtchn.unmask(ports.near);
    expect([evtchn.poll(), seen.count]).toEqual([false, 0]);
    machine.dom(1).evtchn.notify(ports.far);
    expect(evtchn.poll()).toBe(true);
  });

  test('ends at once when nobody is bound, and that is seen without yielding', async () => {
    using machine = startMachine([1, 2]);
    const ports = await bindPorts(machine.dom(1), machine.dom(2));
    const { evtchn } = machine.dom(2);
    expect(evtchn.isBound(ports.near)).toBe(true);
    machine.hv.closePort(1, ports.far);
    expect([evtchn.isBound(ports.near), evtchn.wait(ports.near, 60_000)]).toEqual([false, false]);
    expect(evtchn.isBound(77)).toBe(false);
  });

  test('what is sent before the binding has arrived reaches the peer although its sender does not yield', async () => {
    using machine = startMachine([1, 2]);
    const { near, far } = machine.hv.bindPair(1, 2);
    machine.dom(1).evtchn.notify(near);
    expect(machine.dom(2).evtchn.wait(far, 60_000)).toBe(true);
  });
});
