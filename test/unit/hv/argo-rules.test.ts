// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ARGO_DOMID_ANY, type ArgoPattern, type ArgoRule } from '../../../src/hv/argo-contract.ts';
import { createArgoRules } from '../../../src/hv/argo-rules.ts';
import { VIRQ } from '../../../src/hv/contract.ts';
import { countEvents, type Machine, startMachine, until } from '../../support/hv-machine.ts';

const code = (errno: string) => ({ code: errno });
const forbid = (src: ArgoPattern, dst: ArgoPattern): ArgoRule => ({ src, dst, accept: false });
const allow = (src: ArgoPattern, dst: ArgoPattern): ArgoRule => ({ src, dst, accept: true });

/** Domains 0 to 3; domain 1 takes messages of all at port 7. */
async function start() {
  const machine = startMachine([0, 1, 2, 3]);
  const ring = await machine.dom(1).argo.register(7, ARGO_DOMID_ANY, 4096);
  return { machine, ring, rules: machine.dom(0).argo.viptables, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

/** Sends to port 7 of domain 1, when the hypervisor has said how. */
async function send({ dom }: Machine, from: number, aport = 5) {
  const to = { domid: 1, aport: 7 };
  await dom(from).argo.resolve(to);
  return dom(from).argo.sendv(aport, to, [Uint8Array.of(1)], 0);
}

describe('rules', () => {
  const patterns = fc.record({ domid: fc.nat(2), aport: fc.nat(2) }, { requiredKeys: [] });
  const rule = fc.record({ src: patterns, dst: patterns, accept: fc.boolean() });

  test('decide as the first that matches does, whoever asks and however', () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        fc.nat(2),
        fc.nat(2),
        fc.nat(2),
        fc.nat(2),
        (all, domid, aport, to, port) => {
          const rules = createArgoRules();
          for (const one of all) rules.add(one);
          const matches = (pattern: ArgoPattern, d: number, p: number) =>
            (pattern.domid ?? d) === d && (pattern.aport ?? p) === p;
          const first = all.find(({ src, dst }) => matches(src, domid, aport) && matches(dst, to, port));
          const filter = rules.filter(domid, { domid: to, aport: port });
          const verdict = filter === undefined || filter.except.includes(aport) !== filter.accept;
          expect(verdict).toBe(first?.accept ?? true);
          // Never where somebody could send.
          if (verdict) expect(rules.closed(domid, { domid: to, aport: port })).toBe(false);
          if (verdict) expect(rules.closed(ARGO_DOMID_ANY, { domid: to, aport: port })).toBe(false);
        },
      ),
    );
  });

  test('are added where it is said, taken away, and listed in their order', async () => {
    using all = await start();
    const [first, second, third] = [forbid({ domid: 1 }, {}), allow({}, { aport: 2 }), forbid({}, {})];
    await all.rules.add(third);
    await all.rules.add(first, 0);
    await all.rules.add(second, 1);
    expect(await all.rules.list()).toEqual([first, second, third]);
    expect(await all.rules.del(1)).toEqual(second);
    expect(await all.rules.list()).toEqual([first, third]);
    await expect(all.rules.del(2)).rejects.toMatchObject(code('ENOENT'));
    await expect(all.rules.del(-1)).rejects.toMatchObject(code('ENOENT'));
    await expect(all.rules.add(second, 3)).rejects.toMatchObject(code('EINVAL'));
    await expect(all.machine.hv.viptables.list()).resolves.toEqual([first, third]);
  });

  test('are domain 0’s alone', async () => {
    using all = await start();
    const { viptables } = all.machine.dom(2).argo;
    await expect(viptables.add(allow({}, {}))).rejects.toMatchObject(code('EPERM'));
    await expect(viptables.del(0)).rejects.toMatchObject(code('EPERM'));
    await expect(viptables.list()).rejects.toMatchObject(code('EPERM'));
  });

  test('have a limit, beyond which it is ENOSPC', () => {
    const rules = createArgoRules();
    for (let number = 0; number < 1024; number++) rules.add(allow({}, {}));
    expect(() => rules.add(allow({}, {}))).toThrow('1024 rules');
  });
});

describe('at sendv', () => {
  test('who has sent before may no more when the rule is there, and again when it is gone', async () => {
    using all = await start();
    expect(await send(all.machine, 2)).toBe(1);
    await all.rules.add(forbid({ domid: 2 }, { domid: 1 }));
    expect(all.machine.dom(2).argo.sendv(5, { domid: 1, aport: 7 }, [], 0)).not.toBe(0);
    expect(await send(all.machine, 2)).toBe('EPERM');
    expect(await send(all.machine, 3)).toBe(1);
    await all.rules.del(0);
    expect(await send(all.machine, 2)).toBe(1);
  });

  test('by port of the sender', async () => {
    using all = await start();
    await all.rules.add(allow({ aport: 6 }, {}));
    await all.rules.add(forbid({ domid: 2 }, { aport: 7 }));
    expect(await send(all.machine, 2, 6)).toBe(1);
    expect(await send(all.machine, 2, 5)).toBe('EPERM');
    expect(all.machine.dom(2).argo.reach(5, { domid: 1, aport: 7 })).toBe('EPERM');
    expect(all.machine.dom(2).argo.reach(6, { domid: 1, aport: 7 })).toBeUndefined();
  });

  test('an unknown domain is ESRCH all the same, and no ring where a rule forbids it EPERM', async () => {
    using all = await start();
    await all.rules.add(forbid({}, {}));
    const { argo } = all.machine.dom(2);
    expect(await argo.resolve({ domid: 9, aport: 0 })).toBe('ESRCH');
    expect(await argo.resolve({ domid: 3, aport: 0 })).toBe('EPERM');
  });

  test('who waits for room is told when there is none for him any more', async () => {
    using all = await start();
    const { argo, evtchn } = all.machine.dom(2);
    while ((await send(all.machine, 2)) === 1);
    const seen = countEvents(all.machine.dom(2), await evtchn.bindVirq(VIRQ.argo));
    await all.rules.add(forbid({ domid: 2 }, {}));
    await until(() => seen.count > 0 && argo.sendv(5, { domid: 1, aport: 7 }, [], 0) === 'EPERM');
  });
});

describe('at register', () => {
  test('a ring that nobody may send to is EPERM', async () => {
    using all = await start();
    const { register } = all.machine.dom(3).argo;
    await all.rules.add(allow({ domid: 2 }, { aport: 8 }));
    await all.rules.add(forbid({}, { domid: 3 }));
    await expect(register(7, ARGO_DOMID_ANY, 96)).rejects.toMatchObject(code('EPERM'));
    await expect(register(8, 1, 96)).rejects.toMatchObject(code('EPERM'));
    await expect(register(9, 8, 96)).rejects.toMatchObject(code('ESRCH'));
    await register(8, 2, 96);
    await register(8, ARGO_DOMID_ANY, 96);
  });

  test('what it had taken before the rule is its own', async () => {
    using all = await start();
    await send(all.machine, 2);
    await all.rules.add(forbid({}, { domid: 1 }));
    expect(all.ring.receive()?.source).toEqual({ domid: 2, aport: 5 });
    expect(all.ring.registered).toBe(true);
  });
});
