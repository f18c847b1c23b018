// SPDX-License-Identifier: Apache-2.0
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import type { HypercallReply } from '../../../src/hv/gate.ts';
import { createHypervisor } from '../../../src/hv/hypervisor.ts';
import { MACHINE_MEMORY, until } from '../../support/hv-machine.ts';

/** A domain that speaks to the gate itself, and a way to see that the hypervisor still answers. */
function hostile() {
  const hv = createHypervisor({ memory: MACHINE_MEMORY });
  const { port } = hv.createDomain(1, 16);
  hv.createDomain(2, 16);
  const replies = new Map<unknown, HypercallReply>();
  port.on('message', (reply: HypercallReply | { readonly bound: unknown }) => {
    if ('id' in reply) replies.set(reply.id, reply);
  });
  let nextId = 1_000_000;

  async function call(op: unknown, args: unknown): Promise<HypercallReply> {
    const id = nextId++;
    port.postMessage({ id, op, args });
    await until(() => replies.has(id));
    return replies.get(id)!;
  }

  return {
    hv,
    port,
    replies,
    call,
    /** Everything sent before has been handled when this answers. */
    alive: async () => expect(await call('evtchn.status', [5])).toMatchObject({ result: { status: 0 } }),
    [Symbol.dispose]() {
      for (const domid of hv.domids()) hv.destroyDomain(domid);
    },
  };
}

/** Refers to itself so often that its text would have 2^40 parts. */
function bomb(): unknown {
  let value: unknown = ['x'];
  for (let i = 0; i < 40; i++) value = [value, value];
  return value;
}

const OPS = [
  'memory.alloc',
  'memory.free',
  'gnttab.grantAccess',
  'gnttab.endAccess',
  'gnttab.map',
  'gnttab.unmap',
  'gnttab.copy',
  'gnttab.transfer',
  'gnttab.completeTransfer',
  'evtchn.allocUnbound',
  'evtchn.bindInterdomain',
  'evtchn.bindVirq',
  'evtchn.close',
  'evtchn.status',
  'argo.register',
  'argo.unregister',
  'argo.resolve',
];

const CYCLE: Record<string, unknown> = {};
CYCLE.self = CYCLE;

const GARBAGE: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', '1'],
  ['a fraction', 1.5],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['2^53', 2 ** 53],
  ['a bigint', 1n],
  ['an object without text', { toString: 1, valueOf: 1 }],
  ['an object with __proto__', JSON.parse('{"__proto__": {"extent": 1, "offset": 0}}')],
  ['a cycle', CYCLE],
  ['a list', [1]],
  ['a list of 2^32 - 1 holes', new Array(2 ** 32 - 1)],
  ['a list that holds itself 2^40 times', bomb()],
  ['a long text', 'x'.repeat(1 << 20)],
  ['a date', new Date(0)],
  ['a map', new Map([[1, 1]])],
  ['a buffer', new ArrayBuffer(8)],
];

describe('the gate', () => {
  test.each(GARBAGE)('refuses %s as argument of every hypercall, briefly', async (_what, value) => {
    using domain = hostile();
    const start = domain.hv.usage(1);
    for (const op of OPS) {
      const reply = await domain.call(op, [value, value, value]);
      expect(reply, op).toMatchObject({ code: 'EINVAL' });
      expect('message' in reply && reply.message.length, op).toBeLessThan(100);
    }
    expect(domain.hv.usage(1)).toEqual(start);
  });

  test.each(['', 'memory', 'memory.alloc ', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'knows no hypercall "%s"',
    async (op) => {
      using domain = hostile();
      expect(await domain.call(op, [0])).toMatchObject({ code: 'ENOSYS' });
    },
  );

  test.each([undefined, null, 7, {}, [], ['memory.alloc', 1], { toString: null }, JSON.parse('{"__proto__": []}')])(
    'refuses %j as the name of a hypercall',
    async (op) => {
      using domain = hostile();
      expect(await domain.call(op, [0])).toMatchObject({ code: expect.stringMatching(/ENOSYS|EFAULT/) });
      await domain.alive();
    },
  );

  test.each([undefined, null, 0, 'abc', { length: 1, 0: 1 }, { 0: 0 }])('refuses %j as arguments', async (args) => {
    using domain = hostile();
    expect(await domain.call('memory.alloc', args)).toMatchObject({ code: 'ENOSYS' });
    expect(domain.hv.usage(1)?.extents).toBe(0);
  });

  test('takes its own reading of both ends of a copy', async () => {
    using domain = hostile();
    const extent = { extent: 1, offset: 0 };
    for (const end of [null, 1, 'x', [], {}, { extent: '1', offset: 0 }, { domid: 2, offset: 0 }, { extent: 1 }]) {
      expect(await domain.call('gnttab.copy', [end, extent, 1])).toMatchObject({ code: 'EINVAL' });
    }
  });

  test('huge numbers reach no table', async () => {
    using domain = hostile();
    const huge = Number.MAX_SAFE_INTEGER;
    for (const op of OPS.filter((name) => name !== 'evtchn.status' && name !== 'evtchn.allocUnbound')) {
      for (const value of [huge, -huge]) {
        const args =
          op === 'gnttab.copy'
            ? [{ extent: value, offset: value }, { extent: 1, offset: 1 }, value]
            : [value, value, value];
        expect(await domain.call(op, args), op).toMatchObject({
          code: expect.stringMatching(/EINVAL|ESRCH|EBUSY|GNTST/),
        });
      }
    }
    await domain.alive();
    expect(domain.hv.usage(1)).toMatchObject({ extents: 0, ports: 0, grants: 0, mappings: 0 });
  });

  test('ignores messages that are no request', async () => {
    using domain = hostile();
    for (const [, value] of GARBAGE) domain.port.postMessage(value);
    domain.port.postMessage({ id: '1', op: 'memory.alloc', args: [0] });
    domain.port.postMessage({ op: 'memory.alloc', args: [0] });
    await domain.alive();
    expect(domain.hv.usage(1)?.extents).toBe(0);
    expect(domain.replies.size).toBe(1);
  });

  test('survives an id that cannot be sent back', async () => {
    using domain = hostile();
    const { port1, port2 } = new MessageChannel();
    domain.port.postMessage({ id: port1, op: 'memory.alloc', args: [0] }, [port1]);
    await domain.alive();
    expect(domain.hv.usage(1)?.extents).toBe(0);
    port2.close();
  });

  test('survives ports among the arguments', async () => {
    using domain = hostile();
    const { port1, port2 } = new MessageChannel();
    domain.port.postMessage({ id: 3, op: 'memory.alloc', args: [port1] }, [port1]);
    await domain.alive();
    expect(domain.replies.get(3)).toMatchObject({ code: 'EINVAL' });
    port2.close();
  });

  test('answers two requests of the same id twice', async () => {
    using domain = hostile();
    domain.port.postMessage({ id: 7, op: 'memory.alloc', args: [0] });
    domain.port.postMessage({ id: 7, op: 'memory.alloc', args: [0] });
    await domain.alive();
    expect(domain.hv.usage(1)?.extents).toBe(2);
  });

  test('a domain whose thread closed its end is no trouble to the others', async () => {
    using domain = hostile();
    const { hv } = domain;
    hv.bindPair(1, 2);
    domain.port.close();
    hv.closePort(1, 1);
    hv.bindPair(1, 2);
    hv.destroyDomain(1);
    expect(hv.usage(2)).toMatchObject({ ports: 2 });
  });
});
