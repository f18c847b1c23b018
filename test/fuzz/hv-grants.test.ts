// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Extent, HypercallError, type Mapping } from '../../src/hv/contract.ts';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import { createGrantModel, type ModelEnd, type Refusal } from '../support/hv-grant-model.ts';
import { type Machine, startMachine } from '../support/hv-machine.ts';

const QUOTA = 6;
const SLOTS = 3;
/** How often each operation comes; what builds up comes more often than what tears down. */
const WEIGHTS = {
  alloc: 4,
  free: 1,
  grant: 6,
  end: 1,
  map: 6,
  unmap: 3,
  copy: 8,
  accept: 1,
  transfer: 3,
  complete: 2,
  destroy: 1,
} as const;
type Op = keyof typeof WEIGHTS;
const OPS = Object.keys(WEIGHTS) as Op[];
const OFFSETS = [0, 0, 8, 64, 4090, 4096, -1] as const;
const LENGTHS = [0, 1, 6, 4096] as const;

/** An operation and the numbers that its arguments are picked by. */
const step = fc.record({
  op: fc.oneof(...OPS.map((op) => ({ weight: WEIGHTS[op], arbitrary: fc.constant(op) }))),
  who: fc.nat(SLOTS - 1),
  whom: fc.nat(SLOTS - 1),
  a: fc.nat(11),
  b: fc.nat(11),
  flag: fc.boolean(),
  rightful: fc.boolean(),
  offsets: fc.tuple(fc.constantFrom(...OFFSETS), fc.constantFrom(...OFFSETS)),
  length: fc.constantFrom(...LENGTHS),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The value, or why there is none. */
async function outcome<T>(call: Promise<T>): Promise<{ readonly value: T } | { readonly refusal: Refusal }> {
  try {
    return { value: await call };
  } catch (error) {
    if (!(error instanceof HypercallError)) throw error;
    return { refusal: error.code === 'GNTST' ? error.status : error.code };
  }
}

const asExtent = (id: number): Extent => ({ id, order: 0, buffer: new SharedArrayBuffer(0) });
const asMapping = (handle: number): Mapping => ({ handle, buffer: new SharedArrayBuffer(0) });
const reason = (refusal: Refusal | undefined): Refusal[] => (refusal === undefined ? [] : [refusal]);

/** Mostly a key that exists; sometimes any number, as a domain may try what never was or is no more. */
function pick(table: ReadonlyMap<number, unknown>, by: number): number {
  const keys = [...table.keys()];
  return by < 9 && keys.length > 0 ? keys[by % keys.length]! : by;
}

/** Runs steps against the hypervisor and the model side by side. */
function pairOf(machine: Machine, done: Map<Op, number>) {
  const model = createGrantModel();
  const slots: HypercallClient[] = [];
  const buffers = new Map<string, SharedArrayBuffer>();
  const of = (domid: number) => model.domains.get(domid)!;
  let nextDomid = 1;

  function boot(slot: number): void {
    const domid = nextDomid++;
    slots[slot] = machine.add(domid, QUOTA);
    model.create(domid, QUOTA);
  }
  for (let slot = 0; slot < SLOTS; slot++) boot(slot);

  /** Does both sides; with `reasons` the hypervisor must refuse for one of them. */
  async function both<T>(call: Promise<T>, reasons: Refusal[], deed: (value: T) => void): Promise<boolean> {
    const result = await outcome(call);
    if ('value' in result) {
      expect(reasons).toEqual([]);
      deed(result.value);
    } else {
      expect(reasons).toContain(result.refusal);
    }
    return 'value' in result;
  }

  const run: Record<Op, (caller: HypercallClient, other: number, s: Step) => Promise<boolean>> = {
    alloc: ({ domid, memory }, _other, { a }) =>
      both(memory.alloc(a % 2), reason(model.allocFails(domid, a % 2)), ({ id, buffer }) => {
        const extent = model.alloc(domid, a % 2);
        expect(id).toBe(extent.id);
        new Uint8Array(buffer).fill(16 * domid + id);
        extent.bytes.fill(16 * domid + id);
        buffers.set(`${domid}/${id}`, buffer);
      }),
    free({ domid, memory }, _other, { a }) {
      const id = pick(of(domid).extents, a);
      return both(memory.free(asExtent(id)), reason(model.freeFails(domid, id)), () => model.free(domid, id));
    },
    grant({ domid, gnttab }, other, { a, flag }) {
      const id = pick(of(domid).extents, a);
      const call = gnttab.grantAccess(other, asExtent(id), { readonly: flag });
      const reasons = of(domid).extents.has(id) ? [] : ['EINVAL'];
      return both(call, reasons, (gref) => model.grant(domid, gref, other, id, flag));
    },
    end({ domid, gnttab }, _other, { a }) {
      const gref = pick(of(domid).grants, a);
      return both(gnttab.endAccess(gref), reason(model.endFails(domid, gref)), (said) =>
        expect(said).toBe(model.end(domid, gref)),
      );
    },
    map({ domid, gnttab }, other, { a, flag }) {
      const gref = pick(of(other).grants, a);
      const grant = model.access(domid, other, gref, !flag);
      const call = gnttab.map(other, gref, { readonly: flag });
      return both(call, typeof grant === 'object' ? [] : [grant], ({ handle, buffer }) => {
        if (typeof grant !== 'object') return;
        model.map(domid, handle, grant);
        expect(buffer.byteLength).toBe(grant.extent?.bytes.length);
      });
    },
    unmap({ domid, gnttab }, _other, { a }) {
      const handle = pick(of(domid).mappings, a);
      const reasons = reason(model.unmapFails(domid, handle));
      return both(gnttab.unmap(asMapping(handle)), reasons, () => model.unmap(domid, handle));
    },
    copy({ domid, gnttab }, other, { a, b, flag, offsets, length }) {
      const own: ModelEnd = { extent: pick(of(domid).extents, a), offset: offsets[0] };
      const theirs: ModelEnd = { domid: other, gref: pick(of(other).grants, b), offset: offsets[1] };
      const [from, to] = flag ? [own, theirs] : [theirs, own];
      const call = gnttab.copy(from, to, length);
      return both(call, model.copyFails(domid, from, to, length), () => model.copy(domid, from, to, length));
    },
    accept: ({ domid, gnttab }, other) =>
      both(gnttab.acceptTransfer(other), [], (gref) => model.grant(domid, gref, other, undefined, false)),
    transfer({ domid, gnttab }, other, { a, b }) {
      const [id, gref] = [pick(of(domid).extents, a), pick(of(other).grants, b)];
      const reasons = model.transferFails(domid, other, gref, id);
      return both(gnttab.transfer(other, gref, asExtent(id)), reasons, () => {
        const arrived = model.transfer(domid, other, gref, id);
        buffers.set(`${other}/${arrived.id}`, machine.hv.peek(other, gref)!);
      });
    },
    complete({ domid, gnttab }, _other, { a }) {
      const gref = pick(of(domid).grants, a);
      return both(gnttab.completeTransfer(gref), reason(model.completeFails(domid, gref)), (extent) =>
        expect(extent?.id).toBe(model.complete(domid, gref)?.id),
      );
    },
    async destroy({ domid }, _other, { who, a }) {
      if (a > 1) return false;
      machine.hv.destroyDomain(domid);
      model.destroy(domid);
      boot(who);
      return true;
    },
  };

  /** Half of the time the one whom a grant of the other is for, if it lives. */
  function callerOf(s: Step, other: number): HypercallClient {
    const by = s.op === 'map' ? s.a : s.b;
    const grantee = of(other).grants.get(pick(of(other).grants, by))?.grantee;
    const rightful = s.rightful && s.op !== 'destroy' ? slots.find(({ domid }) => domid === grantee) : undefined;
    return rightful ?? slots[s.who]!;
  }

  return {
    async step(s: Step): Promise<void> {
      const other = slots[s.whom]!.domid;
      const took = await run[s.op](callerOf(s, other), other, s);
      if (took) done.set(s.op, (done.get(s.op) ?? 0) + 1);
      for (const { domid } of slots) {
        expect(machine.hv.usage(domid)).toEqual(model.usage(domid));
        for (const { id, bytes } of of(domid).extents.values()) {
          expect(Buffer.compare(Buffer.from(buffers.get(`${domid}/${id}`)!), bytes)).toBe(0);
        }
      }
    },
    /** Lets go of what is left: every count must go back to nothing. */
    async wind(): Promise<void> {
      for (const { domid, gnttab } of slots) {
        for (const handle of of(domid).mappings.keys()) await gnttab.unmap(asMapping(handle));
      }
      for (const { domid, gnttab, memory } of slots) {
        for (const [gref, { offer, extent }] of of(domid).grants) {
          if (offer && extent !== undefined) await gnttab.completeTransfer(gref);
          else expect(await gnttab.endAccess(gref)).toBe('ended');
        }
        for (const id of of(domid).extents.keys()) await memory.free(asExtent(id));
        expect(machine.hv.usage(domid)).toMatchObject({ extents: 0, pages: 0, grants: 0, mappings: 0 });
      }
    },
  };
}

test('grants of three domains count as the model does, through maps, copies, transfers and deaths', async () => {
  const done = new Map<Op, number>();
  const sequences = fc.array(step, { minLength: 20, maxLength: 120, size: 'max' });
  await fc.assert(
    fc.asyncProperty(sequences, async (sequence) => {
      using machine = startMachine([]);
      const pair = pairOf(machine, done);
      for (const s of sequence) await pair.step(s);
      await pair.wind();
    }),
    { numRuns: 300 },
  );
  // Each operation must have succeeded often, or the property says nothing about it.
  for (const op of OPS) expect(done.get(op), op).toBeGreaterThan(10);
}, 30_000);
