// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store, StoreConnection } from '../../../src/xenstore/contract.ts';
import { openKeeper } from '../../../src/xenstore/keeper.ts';
import { createStore } from '../../../src/xenstore/store.ts';
import { listen, outcome } from './harness.ts';

const KEPT = { below: ['/tool', '/local/domain/0'], except: ['/local/domain/0/backend'] };

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync('/tmp/xk-');
  file = join(directory, 'xenstore.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A store on the file, used and left without any farewell but that of the file's lock. */
function life<T>(use: (dom0: StoreConnection, store: Store) => T): T {
  const keeper = openKeeper(file, KEPT);
  try {
    const store = createStore({ keeper });
    return use(
      store.connect(0, () => true),
      store,
    );
  } finally {
    keeper.close();
  }
}

type Dump = Readonly<Record<string, readonly [value: string, ...perms: string[]]>>;

/** Nodes below a path, parents first, brothers and sisters in their order. */
function dump(dom0: StoreConnection, path: string): Dump {
  const found: Record<string, readonly [string, ...string[]]> = {};
  const visit = (at: string) => {
    found[at] = [dom0.read(at), ...dom0.getPerms(at)];
    for (const name of dom0.directory(at)) visit(`${at}/${name}`);
  };
  if (outcome(() => dom0.read(path)) === 'OK') visit(path);
  return found;
}

describe('what domain 0 has in the kept part', () => {
  test('comes back: values of any bytes, permissions, the order of children', () => {
    const before = life((dom0) => {
      dom0.write('/tool/z/deep', '\x00\xff "');
      dom0.write('/tool/a', '');
      dom0.write('/tool/m', 'text');
      dom0.setPerms('/tool/m', ['r0', 'b7']);
      dom0.write('/local/domain/0/mine', '1');
      return [dump(dom0, '/tool'), dump(dom0, '/local/domain/0')];
    });
    expect(Object.keys(before[0]!)).toEqual([
      '/tool',
      '/tool/xenstored',
      '/tool/z',
      '/tool/z/deep',
      '/tool/a',
      '/tool/m',
    ]);
    for (let lives = 0; lives < 2; lives++) {
      expect(life((dom0) => [dump(dom0, '/tool'), dump(dom0, '/local/domain/0')])).toEqual(before);
    }
  });

  test('is all: nothing of other paths, of guests, and of what is below a guest’s node', () => {
    life((dom0, store) => {
      store.introduceDomain(5);
      dom0.write('/other', '1');
      dom0.write('/local/domain/0/backend/vbd/5', '1');
      dom0.write('/local/domain/5/name', 'guest');
      dom0.write('/tool/guest/below', 'own');
      dom0.setPerms('/tool/guest', ['n5']);
      dom0.write('/tool/shared', '');
      dom0.setPerms('/tool/shared', ['b0']);
      store.connect(5, () => true).write('/tool/shared/by-guest', '1');
    });
    expect(life((dom0) => Object.keys(dump(dom0, '/tool')))).toEqual(['/tool', '/tool/xenstored', '/tool/shared']);
    expect(life((dom0) => Object.keys(dump(dom0, '/local')))).toEqual(['/local', '/local/domain', '/local/domain/0']);
    expect(life((dom0) => dump(dom0, '/other'))).toEqual({});
  });

  test('a permission for a domain that is gone is void for its namesake', () => {
    life((dom0, store) => {
      store.introduceDomain(5);
      dom0.write('/tool/secret', '1');
      dom0.setPerms('/tool/secret', ['n0', 'b5']);
    });
    life((dom0, store) => {
      store.introduceDomain(5);
      expect(dom0.getPerms('/tool/secret')).toEqual(['n0', 'b5']);
      expect(outcome(() => store.connect(5, () => true).read('/tool/secret'))).toBe('EACCES');
    });
  });

  test('what is removed, given away, or not committed, does not come back', () => {
    life((dom0, store) => {
      store.introduceDomain(5);
      for (const name of ['removed', 'given', 'taken']) dom0.write(`/tool/${name}/child`, '1');
      dom0.setPerms('/tool/taken', ['n5']);
      dom0.rm('/tool/removed');
      dom0.setPerms('/tool/given', ['n5']);
      dom0.setPerms('/tool/taken', ['n0']);
      const tx = dom0.transactionStart();
      dom0.write('/tool/never', '1', tx);
      dom0.transactionEnd(tx, false);
    });
    expect(life((dom0) => dom0.directory('/tool'))).toEqual(['xenstored', 'taken']);
    expect(life((dom0) => dom0.directory('/tool/taken'))).toEqual(['child']);
    life((dom0) => dom0.rm('/tool'));
    expect(life((dom0) => dom0.directory('/tool'))).toEqual(['xenstored']);
  });
});

const path = fc.constantFrom(
  '/',
  '/tool',
  '/tool/a',
  '/tool/a/b',
  '/tool/a/b/c',
  '/tool/a-b',
  '/tool/a0',
  '/local',
  '/local/domain/0',
  '/local/domain/0/x/y',
  '/local/domain/0/backend',
  '/local/domain/0/backend/z',
  '/else',
);
const perms = fc.constantFrom(['n0'], ['b0', 'r1'], ['n1'], ['w1', 'b0']);
const op = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('write' as const), path, fc.constantFrom('', '1', '2')) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('mkdir' as const), path) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('rm' as const), path) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('setPerms' as const), path, perms) },
);
const step = fc.record({
  domid: fc.constantFrom(0, 0, 0, 1),
  ops: fc.array(op, { minLength: 1, maxLength: 6 }),
  together: fc.boolean(),
});

/** What has to come back: the rule itself, by way of the store's own answers. */
function expected(dom0: StoreConnection): Dump {
  const found: Record<string, readonly [string, ...string[]]> = {};
  const visit = (at: string) => {
    const [owner = '', ...others] = dom0.getPerms(at);
    if (!owner.endsWith('0')) return;
    const chosen = /^\/(tool|local\/domain\/0)(\/|$)/.test(at) && !/^\/local\/domain\/0\/backend(\/|$)/.test(at);
    if (chosen) found[at] = [dom0.read(at), owner, ...others];
    for (const name of dom0.directory(at)) visit(`${at === '/' ? '' : at}/${name}`);
  };
  visit('/');
  return found;
}

test('after any steps, in and out of transactions, a new life has what the rule says', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      rmSync(file, { force: true });
      const wanted = life((dom0, store) => {
        store.introduceDomain(1);
        const guest = store.connect(1, () => true);
        for (const { domid, ops, together } of steps) {
          const connection = domid === 0 ? dom0 : guest;
          const tx = together ? connection.transactionStart() : 0;
          for (const [name, ...args] of ops) {
            outcome(() => (connection[name] as (...all: unknown[]) => void)(...args, tx));
          }
          if (together) outcome(() => connection.transactionEnd(tx, true));
        }
        return expected(dom0);
      });
      life((dom0) => {
        const found = expected(dom0);
        expect(found).toMatchObject(wanted);
        // Made by each new store.
        const more = Object.keys(found).filter((at) => !(at in wanted));
        expect(more.filter((at) => !['/tool', '/tool/xenstored', '/local/domain/0'].includes(at))).toEqual([]);
        for (const at of Object.keys(wanted)) {
          const order = Object.keys(wanted).filter((other) => other.startsWith(`${at}/`));
          expect(Object.keys(found).filter((other) => order.includes(other))).toEqual(order);
        }
      });
    }),
    { numRuns: 150 },
  );
});

describe('a file that cannot be used', () => {
  test('garbage, another version, another process: it says which file and what to do', () => {
    writeFileSync(file, 'no database, but long enough to be taken for one'.repeat(100));
    expect(() => openKeeper(file, KEPT)).toThrow(`Cannot use ${file}`);
    rmSync(file);
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openKeeper(file, KEPT)).toThrow('made by a newer xm');
    rmSync(file);
    const keeper = openKeeper(file, KEPT);
    expect(() => openKeeper(file, KEPT)).toThrow('locked');
    keeper.close();
  });

  test('a node that no store can have', () => {
    life((dom0) => dom0.write('/tool/a', ''));
    const db = new DatabaseSync(file);
    db.exec("UPDATE node SET path = '/tool//a' WHERE path = '/tool/a'");
    db.close();
    expect(() => life(() => {})).toThrow('Cannot use');
  });
});

test('a change that cannot be written is EIO, is heard of, and is written with the next that can be', () => {
  openKeeper(file, KEPT).close();
  const db = new DatabaseSync(file);
  db.exec(
    "CREATE TRIGGER full BEFORE INSERT ON node WHEN new.value = x'21' BEGIN SELECT RAISE(FAIL, 'disk is full'); END",
  );
  db.close();
  const keeper = openKeeper(file, KEPT);
  const store = createStore({ keeper });
  const { at: dom0, heard } = listen(store, 0);
  dom0.watch('/tool', 't');
  heard();
  expect(outcome(() => dom0.write('/tool/x', '!'))).toBe('EIO');
  expect(heard()).toEqual(['/tool/x t']);
  expect(outcome(() => dom0.write('/tool/y', '1'))).toBe('EIO');
  dom0.write('/elsewhere', '!');
  const tx = dom0.transactionStart();
  dom0.write('/tool/x', '2', tx);
  dom0.write('/tool/z', '3', tx);
  dom0.transactionEnd(tx, true);
  keeper.close();
  const values = life((next) => ['x', 'y', 'z'].map((name) => next.read(`/tool/${name}`)));
  expect(values).toEqual(['2', '1', '3']);
});
