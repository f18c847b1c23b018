// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { StoreConnection } from '../../../src/xenstore/contract.ts';
import { createStore } from '../../../src/xenstore/store.ts';
import { listen, newStore, outcome, seed } from './harness.ts';

/** Who watches what as token `t`, what is done, what is heard. The store has /a/b/c. */
function heard(watched: string, action: (dom0: StoreConnection) => void, depth?: number): string[] {
  const { store, dom0 } = newStore();
  dom0.write('/a/b/c', 'x');
  const listener = listen(store, 0);
  listener.at.watch(watched, 't', depth);
  expect(listener.heard()).toEqual([`${watched} t`]);
  action(dom0);
  return listener.heard();
}

describe('what fires', () => {
  test.each<[string, string, (c: StoreConnection) => void, string[]]>([
    ['write', '/a/b', (c) => c.write('/a/b', 'y'), ['/a/b t']],
    ['write of the same value', '/a/b/c', (c) => c.write('/a/b/c', 'x'), ['/a/b/c t']],
    ['write below', '/a', (c) => c.write('/a/b/c', 'y'), ['/a/b/c t']],
    ['write above', '/a/b/c', (c) => c.write('/a/b', 'y'), []],
    ['write beside', '/a/b', (c) => c.write('/a/bb', 'y'), []],
    ['create, implicit parents silent', '/', (c) => c.write('/n/m/o', ''), ['/n/m/o t']],
    ['create, watched as an implicit parent', '/n', (c) => c.write('/n/m', ''), ['/n/m t']],
    ['mkdir', '/n', (c) => c.mkdir('/n'), ['/n t']],
    ['mkdir of an existing node', '/a', (c) => c.mkdir('/a'), []],
    ['rm', '/a/b', (c) => c.rm('/a/b'), ['/a/b t']],
    ['rm of a missing node', '/a/n', (c) => c.rm('/a/n'), []],
    ['rm above', '/a/b/c', (c) => c.rm('/a'), ['/a/b/c t']],
    ['rm above a node that never was', '/a/b/n', (c) => c.rm('/a'), []],
    ['rm below', '/a', (c) => c.rm('/a/b'), ['/a/b t']],
    ['set perms', '/a', (c) => c.setPerms('/a/b', ['r0']), ['/a/b t']],
    ['set perms above', '/a/b', (c) => c.setPerms('/a', ['r0']), []],
    ['read', '/a', (c) => void c.read('/a/b'), []],
  ])('%s', (_name, watched, action, events) => {
    expect(heard(watched, action)).toEqual(events);
  });

  test.each([
    [0, ['/a t']],
    [1, ['/a t', '/a/b t']],
    [2, ['/a t', '/a/b t', '/a/b/c t']],
  ])('depth %i', (depth, events) => {
    const touchAll = (c: StoreConnection) => {
      for (const path of ['/a', '/a/b', '/a/b/c', '/a/b/c/d']) c.write(path, '');
    };
    expect(heard('/a', touchAll, depth)).toEqual(events);
  });
});

describe('watches', () => {
  test('the first event comes after the call, by itself, even for what is absent or forbidden', async () => {
    const { store } = newStore();
    const events: string[] = [];
    const dom1 = store.connect(1, (path, token) => {
      events.push(`${path} ${token}`);
      return true;
    });
    dom1.watch('/tool', 'a');
    dom1.watch('/none', '');
    expect(events).toEqual([]);
    await Promise.resolve();
    expect(events).toEqual(['/tool a', '/none ']);
  });

  test('a relative watch gets relative paths', () => {
    const { store, dom0 } = newStore();
    seed(dom0, '/local/domain/1', '', 'n1');
    const listener = listen(store, 1);
    listener.at.watch('device', 'rel');
    listener.at.watch('/local/domain/1/device', 'abs');
    listener.heard();
    listener.at.write('device/vbd', 'x');
    expect(listener.heard().sort()).toEqual(['/local/domain/1/device/vbd abs', 'device/vbd rel']);
    dom0.rm('/local/domain/1');
    expect(listener.heard().sort()).toEqual(['/local/domain/1/device abs', 'device rel']);
  });

  test('the event of an own write comes before the write returns', () => {
    const order: string[] = [];
    const dom0 = createStore().connect(0, () => {
      order.push('event');
      return true;
    });
    dom0.watch('/a', 't');
    dom0.drain();
    dom0.write('/a', '');
    order.push('reply');
    expect(order).toEqual(['event', 'event', 'reply']);
  });

  test('same path and token twice is EEXIST, in either spelling; another token is fine', () => {
    const { dom1, store } = newStore();
    dom1.watch('x', 't');
    expect(outcome(() => dom1.watch('x', 't'))).toBe('EEXIST');
    expect(outcome(() => dom1.watch('/local/domain/1/x', 't'))).toBe('EEXIST');
    expect(outcome(() => dom1.watch('x', 'u'))).toBe('OK');
    dom1.unwatch('/local/domain/1/x', 't');
    expect(outcome(() => dom1.unwatch('x', 't'))).toBe('ENOENT');
    expect(store.usage(1)?.watches).toBe(1);
  });

  test('bad paths, tokens and depths are EINVAL', () => {
    const { dom1 } = newStore();
    expect(outcome(() => dom1.watch('/a b', 't'))).toBe('EINVAL');
    expect(outcome(() => dom1.watch('/a', '\u0100'))).toBe('EINVAL');
    expect(outcome(() => dom1.watch('/a', 't', -1))).toBe('EINVAL');
    expect(outcome(() => dom1.watch('/a', 't', 0.5))).toBe('EINVAL');
    expect(outcome(() => dom1.watch('/a', 't'.repeat(4093)))).toBe('EINVAL');
    expect(outcome(() => dom1.watch('/a', 't'.repeat(4092)))).toBe('OK');
  });

  test('an event over 4096 bytes is dropped (XSA-324)', () => {
    const { store, dom0 } = newStore();
    const listener = listen(store, 0);
    listener.at.watch('/a', 't'.repeat(2000));
    listener.heard();
    dom0.write(`/a/${'x'.repeat(2100)}`, '');
    expect(listener.heard()).toEqual([]);
    dom0.write('/a/y', '');
    expect(listener.heard()).toHaveLength(1);
  });

  test('nothing after unwatch, not even what was queued', () => {
    const { store, dom0 } = newStore();
    const listener = listen(store, 0);
    listener.at.watch('/a', 't');
    listener.at.unwatch('/a', 't');
    dom0.write('/a', '');
    expect(listener.heard()).toEqual([]);
  });

  test('a guest hears of what it may read, before or after, or whose parent it may read (XSA-115)', () => {
    const { store, dom0 } = newStore();
    seed(dom0, '/hidden', '', 'n0');
    seed(dom0, '/open', '', 'n0', 'r1');
    const listener = listen(store, 1);
    listener.at.watch('/', 't');
    listener.heard();
    dom0.write('/hidden', 'x');
    dom0.write('/hidden/child', 'x');
    expect(listener.heard()).toEqual([]);
    dom0.setPerms('/hidden', ['n0', 'r1']);
    dom0.setPerms('/hidden', ['n0']);
    dom0.setPerms('/hidden', ['n0']);
    expect(listener.heard()).toEqual(['/hidden t', '/hidden t']);
    dom0.write('/open/secret', 'x');
    dom0.setPerms('/open/secret', ['n0']);
    dom0.write('/open/secret', 'y');
    dom0.write('/open/secret/deep', 'y');
    dom0.rm('/open/secret');
    dom0.rm('/open');
    expect(listener.heard()).toEqual([
      '/open/secret t',
      '/open/secret t',
      '/open/secret t',
      '/open/secret t',
      '/open t',
    ]);
  });

  test('the removal filter looks at the watched node', () => {
    const { store, dom0 } = newStore();
    seed(dom0, '/p/q', '', 'n0', 'r1');
    seed(dom0, '/p/s', '', 'n0');
    const listener = listen(store, 1);
    listener.at.watch('/p/q', 'q');
    listener.at.watch('/p/s', 's');
    listener.heard();
    dom0.rm('/p');
    expect(listener.heard()).toEqual(['/p/q q']);
  });

  test('a receiver may call the store; events keep the order of the changes', () => {
    const { store, dom0 } = newStore();
    const late = listen(store, 0);
    const first = store.connect(0, (path) => {
      if (path === '/a') dom0.write('/b', 'from the event');
      return true;
    });
    first.watch('/a', 't');
    late.at.watch('/', 't');
    late.heard();
    first.unwatch('/a', 't');
    first.watch('/a', 't');
    first.drain();
    late.heard();
    dom0.write('/a', '');
    expect(late.heard()).toEqual(['/a t', '/b t']);
  });

  test('10^5 watch and reset cycles leave nothing', () => {
    const { store, dom1 } = newStore();
    for (let i = 0; i < 100_000; i++) {
      dom1.watch(`/w/${i % 7}`, String(i));
      if (i % 50 === 49) dom1.resetWatches();
    }
    dom1.resetWatches();
    expect(store.usage(1)?.watches).toBe(0);
    expect(store.check()).toEqual([]);
  });
});

describe('a slow receiver', () => {
  function slow(quotas = {}) {
    const { store, dom0 } = newStore({ quotas });
    const got: string[] = [];
    let open = false;
    const at = store.connect(0, (path, token) => {
      if (open) got.push(`${path} ${token}`);
      return open;
    });
    const release = () => {
      open = true;
      at.drain();
      open = false;
      return got.splice(0);
    };
    return { store, dom0, at, release };
  }

  test('equal events merge while they wait', () => {
    const { dom0, at, release } = slow();
    at.watch('/a', 't');
    for (let i = 0; i < 100_000; i++) dom0.write(i % 2 ? '/a/x' : '/a/y', String(i));
    expect(release()).toEqual(['/a t', '/a/y t', '/a/x t']);
  });

  test('10^5 writes of different nodes wait in bounded memory, and none goes unseen', () => {
    const { dom0, at, release } = slow({ events: 10 });
    at.watch('/a', 't');
    at.watch('/b', 'u');
    release();
    for (let i = 0; i < 100_000; i++) dom0.write(`/a/${i % 5000}`, String(i));
    dom0.write('/b/last', '');
    const events = release();
    expect(events).toEqual([...Array.from({ length: 10 }, (_, i) => `/a/${i} t`), '/a t', '/b u']);
  });

  test('a held event goes with its watch', () => {
    const { dom0, at, release } = slow();
    at.watch('/a', 't');
    dom0.write('/a', '');
    at.unwatch('/a', 't');
    expect(release()).toEqual([]);
  });

  test('other receivers are not held up', () => {
    const { store, dom0, at } = slow();
    at.watch('/a', 't');
    const listener = listen(store, 0);
    listener.at.watch('/a', 'mine');
    listener.heard();
    dom0.write('/a', '');
    expect(listener.heard()).toEqual(['/a mine']);
  });
});

describe('special watches', () => {
  test('introduce, shutdown once until resumed, release', () => {
    const { store, dom0 } = newStore();
    const listener = listen(store, 0);
    listener.at.watch('@introduceDomain', 'i');
    listener.at.watch('@releaseDomain', 'r');
    listener.heard();
    store.introduceDomain(7);
    expect(listener.heard()).toEqual(['@introduceDomain i']);
    store.introduceDomain(7);
    expect(listener.heard()).toEqual([]);
    store.shutdownDomain(7);
    store.shutdownDomain(7);
    expect(listener.heard()).toEqual(['@releaseDomain r']);
    dom0.resume(7);
    store.shutdownDomain(7);
    expect(listener.heard()).toEqual(['@releaseDomain r']);
    dom0.release(7);
    expect(listener.heard()).toEqual(['@releaseDomain r']);
    store.releaseDomain(7);
    expect(listener.heard()).toEqual([]);
  });

  test('with depth or a domid the event names the domain', () => {
    const { store } = newStore();
    const listener = listen(store, 0);
    listener.at.watch('@releaseDomain', 'deep', 1);
    listener.at.watch('@releaseDomain', 'flat', 0);
    listener.at.watch('@releaseDomain/2', 'exact');
    listener.heard();
    store.releaseDomain(1);
    expect(listener.heard()).toEqual(['@releaseDomain/1 deep', '@releaseDomain flat']);
    store.releaseDomain(2);
    expect(listener.heard()).toEqual(['@releaseDomain/2 deep', '@releaseDomain flat', '@releaseDomain/2 exact']);
  });

  test('guests hear of releases, of introductions only when allowed', () => {
    const { store, dom0 } = newStore();
    const listener = listen(store, 1);
    listener.at.watch('@introduceDomain', 'i');
    listener.at.watch('@releaseDomain', 'r');
    listener.at.watch('@other', 'o');
    listener.heard();
    store.introduceDomain(7);
    store.releaseDomain(7);
    expect(listener.heard()).toEqual(['@releaseDomain r']);
    dom0.setPerms('@introduceDomain', ['n0', 'r1']);
    dom0.setPerms('@releaseDomain', ['n0']);
    store.introduceDomain(7);
    store.releaseDomain(7);
    expect(listener.heard()).toEqual(['@introduceDomain i']);
  });

  test('waiting special events do not merge', () => {
    const { store } = newStore();
    const got: string[] = [];
    let open = false;
    const at = store.connect(0, (path) => {
      if (open) got.push(path);
      return open;
    });
    at.watch('@releaseDomain', 't');
    store.releaseDomain(1);
    store.releaseDomain(2);
    open = true;
    at.drain();
    expect(got).toEqual(['@releaseDomain', '@releaseDomain', '@releaseDomain']);
  });
});
