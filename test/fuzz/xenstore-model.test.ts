// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type StoreConnection, StoreError } from '../../src/xenstore/contract.ts';
import { createStore } from '../../src/xenstore/store.ts';
import { createModel, type ModelConnection } from './xenstore-reference.ts';

const PATHS = ['/', '/a', '/a/b', '/a/b/c', '/a/d', '/e', '/e/f', '/tool', '/tool/xenstored'];
const path = fc.constantFrom(...PATHS);
const perms = fc.constantFrom(
  ['n0'],
  ['b0'],
  ['n1'],
  ['b1', 'r2'],
  ['n2', 'b1'],
  ['r2', 'n1', 'b1'],
  ['n0', 'r9'],
  ['n9'],
);

type Op = readonly [name: string, ...args: unknown[]];
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('write'), path, fc.constantFrom('', 'x', 'y')) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('mkdir'), path) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('rm'), path) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('read'), path) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('directory'), path) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('getPerms'), path) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('setPerms'), path, perms) },
);

/** Connections 0 and 1 belong to domain 0, 2 to domain 1, 3 to domain 2. */
const OWNERS = [0, 0, 1, 2];
const who = fc.constantFrom(0, 0, 0, 1, 1, 2, 3);
const command = fc.oneof(
  { weight: 24, arbitrary: fc.record({ kind: fc.constant('op' as const), who, inside: fc.boolean(), op }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const), who }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), who, commit: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('watch' as const),
      who,
      path,
      token: fc.constantFrom('t', 'u'),
      depth: fc.constantFrom(undefined, undefined, 0, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unwatch' as const), who, path }) },
);

/** Result, or errno in brackets. */
function attempt(action: () => unknown): unknown {
  try {
    return action() ?? 'OK';
  } catch (error) {
    if (error instanceof StoreError) return `[${error.errno}]`;
    throw error;
  }
}

function call(connection: StoreConnection | ModelConnection, [name, ...args]: Op, tx: number): unknown {
  const method = (connection as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!;
  return attempt(() => method(...args, tx));
}

describe('the store against a naive one', () => {
  test('same results, same events, same tree, sound accounts', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 10, maxLength: 150 }), (commands) => {
        const store = createStore();
        const model = createModel([1, 2]);
        for (const domid of [1, 2]) store.introduceDomain(domid);
        const events: string[][] = OWNERS.map(() => []);
        const real = OWNERS.map((domid, i) =>
          store.connect(domid, (at, token) => {
            events[i]!.push(`${at} ${token}`);
            return true;
          }),
        );
        const naive = OWNERS.map((domid) => model.connect(domid));
        const open = OWNERS.map(() => 0);
        // Something for everybody to work on.
        for (const connection of [real[0]!, naive[0]!]) {
          connection.write('/a/b/c', '');
          connection.write('/e', '');
          connection.setPerms('/a', ['b0']);
        }

        for (const step of commands) {
          const { who } = step;
          const [ours, theirs] = [real[who]!, naive[who]!];
          const both = (action: (c: StoreConnection | ModelConnection) => unknown) => {
            const [a, b] = [attempt(() => action(ours)), attempt(() => action(theirs))];
            expect(a).toEqual(b);
            return a;
          };
          if (step.kind === 'op') {
            const tx = step.inside ? open[who]! : 0;
            expect(call(ours, step.op, tx)).toEqual(call(theirs, step.op, tx));
          } else if (step.kind === 'start') {
            if (open[who] === 0) open[who] = both((c) => c.transactionStart()) as number;
          } else if (step.kind === 'end') {
            const tx = open[who]!;
            both((c) => c.transactionEnd(tx, step.commit));
            open[who] = 0;
          } else if (step.kind === 'watch') {
            both((c) => c.watch(step.path, step.token, step.depth));
          } else both((c) => c.unwatch(step.path, 't'));
          for (const [i, connection] of real.entries()) {
            connection.drain();
            expect(events[i]!.splice(0).sort()).toEqual(naive[i]!.events.splice(0).sort());
          }
          expect(store.check()).toEqual([]);
        }
        for (const at of PATHS) {
          for (const name of ['read', 'directory', 'getPerms']) {
            expect(call(real[0]!, [name, at], 0)).toEqual(call(naive[0]!, [name, at], 0));
          }
        }
        expect(store.usage(1)?.nodes).toBe(model.owned(1));
        expect(store.usage(2)?.nodes).toBe(model.owned(2));
        store.releaseDomain(1);
        store.releaseDomain(2);
        expect(store.check()).toEqual([]);
        expect([store.usage(1), store.usage(2)]).toEqual([undefined, undefined]);
      }),
      { numRuns: 400 },
    );
  });
});
