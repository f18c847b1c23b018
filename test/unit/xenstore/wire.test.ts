// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { MAX_PAYLOAD } from '../../../src/xenstore/contract.ts';
import { createStore } from '../../../src/xenstore/store.ts';
import { HEADER_BYTES, XS } from '../../../src/xenstore/wire.ts';
import { wireRequest } from '../../support/wire-request.ts';
import { newStore } from './harness.ts';
import { wirePeer } from './wire-peer.ts';

describe('each operation', () => {
  const { store } = newStore();
  store.connect(0, () => true).write('/d/a', 'x');
  const dom0 = wirePeer(store);

  test.each<[keyof typeof XS, string, string]>([
    ['write', '/w\0value\0\xff', 'write:OK|'],
    ['read', '/w\0', 'read:value|\xff'],
    ['write', '/empty\0', 'write:OK|'],
    ['read', '/empty\0', 'read:'],
    ['mkdir', '/d/b\0', 'mkdir:OK|'],
    ['directory', '/d\0', 'directory:a|b|'],
    ['directory', '/d/b\0', 'directory:'],
    ['setPerms', '/d/b\0n0\0r1\0', 'setPerms:OK|'],
    ['getPerms', '/d/b\0', 'getPerms:n0|r1|'],
    ['rm', '/d/b\0', 'rm:OK|'],
    ['rm', '/\0', 'error:EINVAL|'],
    ['rm', '/none/below\0', 'error:ENOENT|'],
    ['read', '/none\0', 'error:ENOENT|'],
    ['read', '', 'error:EINVAL|'],
    ['read', '/w', 'error:EINVAL|'],
    ['read', '/w\0more\0', 'error:EINVAL|'],
    ['read', '/w\0more', 'error:EINVAL|'],
    ['setPerms', '/w\0', 'error:EINVAL|'],
    ['setPerms', '/w\0x1\0', 'error:EINVAL|'],
    ['watch', '/w\0', 'error:EINVAL|'],
    ['watch', '/w\0t\0', 'watch:OK| watchEvent:/w|t|'],
    ['watch', '/w\0t\0', 'error:EEXIST|'],
    ['watch', '/w\0t\x001\0', 'error:EEXIST|'],
    ['watch', '/v\0\x001\0', 'watch:OK| watchEvent:/v||'],
    ['watch', '/v\0u\0deep\0', 'error:EINVAL|'],
    ['write', '/w\0', 'watchEvent:/w|t| write:OK|'],
    ['unwatch', '/w\0t\0', 'unwatch:OK|'],
    ['unwatch', '/w\0t\0', 'error:ENOENT|'],
    ['resetWatches', '\0', 'resetWatches:OK|'],
    ['resetWatches', '', 'resetWatches:OK|'],
    ['getDomainPath', '007\0', 'getDomainPath:/local/domain/7|'],
    ['getDomainPath', 'abc\0', 'error:EINVAL|'],
    ['getDomainPath', '65536\0', 'error:EINVAL|'],
    ['isDomainIntroduced', '1\0', 'isDomainIntroduced:T|'],
    ['isDomainIntroduced', '9\0', 'isDomainIntroduced:F|'],
    ['isDomainIntroduced', '32752\0', 'isDomainIntroduced:T|'],
    ['introduce', '1\x001\0', 'error:EINVAL|'],
    ['introduce', '1\x001\x000\0', 'error:EINVAL|'],
    ['introduce', '1\x001\x005\0', 'introduce:OK|'],
    ['resume', '1\0', 'resume:OK|'],
    ['resume', '9\0', 'error:ENOENT|'],
    ['setTarget', '1\x002\0', 'setTarget:OK|'],
    ['release', '0\0', 'error:EINVAL|'],
    ['release', '3\0', 'release:OK|'],
    ['release', '3\0', 'error:ENOENT|'],
    ['getFeature', '', 'getFeature:15|'],
    ['getFeature', '1\0', 'getFeature:15|'],
    ['setFeature', '1\x004\0', 'error:EBUSY|'],
    ['setFeature', '1\x0016\0', 'error:EINVAL|'],
    [
      'getQuota',
      '',
      'getQuota:nodes watches transactions transaction-nodes node-size permissions outstanding events path-max|',
    ],
    ['getQuota', 'nodes\0', 'getQuota:1000|'],
    ['setQuota', 'nodes\x0050\0', 'setQuota:OK|'],
    ['setQuota', '1\0nodes\x0060\0', 'setQuota:OK|'],
    ['getQuota', '1\0nodes\0', 'getQuota:60|'],
    ['getQuota', '2\0nodes\0', 'getQuota:50|'],
    ['getQuota', 'none\0', 'error:EINVAL|'],
    ['setQuota', 'outstanding\x000\0', 'error:EINVAL|'],
    ['setQuota', '8\0nodes\x001\0', 'error:ENOENT|'],
    ['control', 'check\0', 'control:OK|'],
    ['control', 'quota\0set\0watches\x00100\0', 'control:OK|'],
    ['control', 'none\0', 'error:EINVAL|'],
    ['control', '', 'error:EINVAL|'],
    ['watchEvent', '/a\0b\0', 'error:ENOSYS|'],
    ['error', 'EIO\0', 'error:ENOSYS|'],
  ])('%s %j', (name, payload, result) => {
    expect(dom0.ask(XS[name], payload)).toBe(result);
  });

  test.each([20, 27, 128, 65535, 0xffff_ffff])('type %i is unknown', (type) => {
    expect(dom0.ask(type, '/\0')).toBe('error:ENOSYS|');
  });
});

describe('a guest', () => {
  const privileged = [
    'control',
    'introduce',
    'release',
    'isDomainIntroduced',
    'resume',
    'setTarget',
    'setFeature',
    'getQuota',
    'setQuota',
  ] as const;

  test.each(privileged)('%s is for domain 0', (name) => {
    expect(wirePeer(newStore().store, 1).ask(XS[name], '1\0', 99)).toBe('error:EACCES|');
  });

  test('may ask for its own features only', () => {
    const guest = wirePeer(newStore().store, 1);
    expect([guest.ask(XS.getFeature), guest.ask(XS.getFeature, '1\0'), guest.ask(XS.getFeature, '2\0')]).toEqual([
      'getFeature:15|',
      'getFeature:15|',
      'error:EACCES|',
    ]);
  });

  test('a changed quota holds at once', () => {
    const { store, dom0 } = newStore();
    dom0.write('/a', '');
    dom0.setPerms('/a', ['n0', 'b1']);
    const guest = wirePeer(store, 1);
    store.setQuota('nodes', 1, 1);
    expect(guest.ask(XS.mkdir, '/a/1\0')).toBe('mkdir:OK|');
    expect(guest.ask(XS.mkdir, '/a/2\0')).toBe('error:ENOSPC|');
    store.setQuota('nodes', 0, 1);
    expect(guest.ask(XS.mkdir, '/a/2\0')).toBe('mkdir:OK|');
  });

  test('without a limit of paths there is the protocol’s', () => {
    const { store } = newStore();
    const guest = wirePeer(store, 1);
    expect(guest.ask(XS.watch, `/${'x'.repeat(2100)}\0t\0`)).toBe('error:EINVAL|');
    store.setQuota('path-max', 0, 1);
    expect(guest.ask(XS.watch, `/${'x'.repeat(2100)}\0t\0`)).toMatch(/^watch:OK/);
    expect(guest.ask(XS.watch, `/${'x'.repeat(3100)}\0t\0`)).toBe('error:EINVAL|');
  });

  test('its death closes the connection', () => {
    const { store } = newStore();
    const guest = wirePeer(store, 1);
    store.releaseDomain(1);
    expect(guest.closed).toBe(true);
    expect(guest.ask(XS.read, '/\0')).toBe('');
  });
});

describe('transactions', () => {
  test('start, read, write, end; the ids are echoed', () => {
    const dom0 = wirePeer(createStore());
    expect(dom0.ask(XS.transactionStart, '\0')).toBe('transactionStart:1|');
    dom0.session.receive(wireRequest(XS.write, '/a\0x', { id: 41, tx: 1 }));
    expect(dom0.heard()).toEqual([{ type: 'write', requestId: 41, tx: 1, payload: 'OK\0' }]);
    expect(dom0.ask(XS.read, '/a\0')).toBe('error:ENOENT|');
    expect(dom0.ask(XS.read, '/a\0', 1)).toBe('read:x');
    expect(dom0.ask(XS.transactionStart, '\0', 1)).toBe('error:EBUSY|');
    expect(dom0.ask(XS.transactionEnd, 'X\0', 1)).toBe('error:EINVAL|');
    expect(dom0.ask(XS.transactionEnd, 'T\0', 1)).toBe('transactionEnd:OK|');
    expect(dom0.ask(XS.read, '/a\0')).toBe('read:x');
  });

  test('a wrong id is ENOENT before arguments are looked at, but watches do not care', () => {
    const dom0 = wirePeer(createStore());
    for (const type of [XS.read, XS.getDomainPath, XS.resetWatches, XS.transactionEnd, XS.control]) {
      expect(dom0.ask(type, '', 9)).toBe('error:ENOENT|');
    }
    expect(dom0.ask(XS.transactionEnd, 'T\0', 0)).toBe('error:ENOENT|');
    expect(dom0.ask(XS.watch, '/a\0t\0', 9)).toBe('watch:OK| watchEvent:/a|t|');
    expect(dom0.ask(XS.unwatch, '/a\0t\0', 9)).toBe('unwatch:OK|');
  });
});

describe('the stream', () => {
  const requests = [
    wireRequest(XS.write, '/a\0hello', { id: 1 }),
    wireRequest(XS.read, '/a\0', { id: 2 }),
    wireRequest(77, '', { id: 3 }),
    wireRequest(XS.read, '/a\0', { id: 4 }),
  ];
  const whole = Buffer.concat(requests);

  test('may be cut at any byte', () => {
    for (let cut = 0; cut <= whole.length; cut++) {
      const dom0 = wirePeer(createStore());
      dom0.session.receive(whole.subarray(0, cut));
      dom0.session.receive(whole.subarray(cut));
      expect(dom0.heard().map(({ requestId, payload }) => [requestId, payload])).toEqual([
        [1, 'OK\0'],
        [2, 'hello'],
        [3, 'ENOSYS\0'],
        [4, 'hello'],
      ]);
    }
  });

  test('may come byte by byte', () => {
    const dom0 = wirePeer(createStore());
    for (const byte of whole) dom0.session.receive(Buffer.of(byte));
    expect(dom0.heard().map(({ requestId }) => requestId)).toEqual([1, 2, 3, 4]);
  });

  test('a thousand requests of one batch are answered in order and in few writes', () => {
    const dom0 = wirePeer(createStore());
    const many = Array.from({ length: 1000 }, (_, id) => wireRequest(XS.getDomainPath, `${id}\0`, { id }));
    dom0.session.receive(Buffer.concat(many));
    expect(dom0.heard().map(({ requestId }) => requestId)).toEqual(many.map((_, id) => id));
    expect(dom0.writes).toBeLessThan(5);
  });

  test('a payload that is too long ends it, one of the greatest length does not', () => {
    const dom0 = wirePeer(createStore());
    expect(dom0.ask(XS.write, `/a\0${'x'.repeat(MAX_PAYLOAD - 3)}`)).toBe('write:OK|');
    expect(dom0.lost).toBe(false);
    const header = wireRequest(XS.write, '');
    header.writeUInt32LE(MAX_PAYLOAD + 1, 12);
    dom0.session.receive(header.subarray(0, HEADER_BYTES));
    expect(dom0.lost).toBe(true);
  });
});

describe('what is longer than a message', () => {
  test('a directory is E2BIG, and is read in parts', () => {
    const store = createStore();
    const own = store.connect(0, () => true);
    const names = Array.from({ length: 2000 }, (_, i) => `n${i}`);
    for (const name of names) own.write(`/big/${name}`, '');
    const dom0 = wirePeer(store);
    expect(dom0.ask(XS.directory, '/big\0')).toBe('error:E2BIG|');
    let all = '';
    let generation: string | undefined;
    for (let last = false; !last; ) {
      dom0.session.receive(wireRequest(XS.directoryPart, `/big\0${all.length}\0`));
      const { payload } = dom0.heard()[0]!;
      expect(payload.length).toBeLessThanOrEqual(MAX_PAYLOAD);
      const head = payload.indexOf('\0');
      generation ??= payload.slice(0, head);
      expect(payload.slice(0, head)).toBe(generation);
      last = payload.endsWith('\0\0');
      all += payload.slice(head + 1, last ? -1 : undefined);
    }
    expect(all.split('\0').slice(0, -1)).toEqual(names);
    own.write('/big/more', '');
    dom0.session.receive(wireRequest(XS.directoryPart, '/big\x000\0'));
    expect(dom0.heard()[0]!.payload.startsWith(`${generation}\0`)).toBe(false);
  });

  test('an empty directory is one part', () => {
    const dom0 = wirePeer(createStore());
    expect(dom0.ask(XS.directoryPart, '/tool/xenstored\x000\0')).toMatch(/^directoryPart:\d+\|\|$/);
  });

  test('an event is not sent, and the connection goes on', () => {
    const dom0 = wirePeer(createStore());
    expect(dom0.ask(XS.watch, `/\0${'t'.repeat(2000)}\0`)).toMatch(/^watch:OK\| watchEvent:/);
    expect(dom0.ask(XS.write, `/${'x'.repeat(3000)}\0`)).toBe('write:OK|');
    expect(dom0.ask(XS.write, '/short\0')).toMatch(/^watchEvent:\/short\|t+\| write:OK\|$/);
  });
});

describe('a peer that does not read', () => {
  test('is stalled, alone, and misses nothing when it reads again', () => {
    const store = createStore();
    const slow = wirePeer(store);
    const other = wirePeer(store);
    other.ask(XS.write, `/a\0${'x'.repeat(4000)}`);
    slow.accepts = false;
    const many = Array.from({ length: 500 }, (_, id) => wireRequest(XS.read, '/a\0', { id }));
    slow.session.receive(Buffer.concat(many));
    expect(slow.paused).toBe(true);
    expect(slow.backlog).toBeLessThan(128 * 1024);
    expect(other.ask(XS.read, '/tool\0')).toBe('read:');
    slow.accepts = true;
    slow.drain();
    expect(slow.paused).toBe(false);
    expect(slow.heard().map(({ requestId }) => requestId)).toEqual(many.map((_, id) => id));
  });

  test('its events wait in the store, merged', async () => {
    const store = createStore();
    const slow = wirePeer(store);
    const writer = store.connect(0, () => true);
    slow.ask(XS.watch, '/a\0t\0');
    slow.accepts = false;
    for (let i = 0; i < 100_000; i++) writer.write(`/a/${i % 5000}`, '');
    await Promise.resolve();
    expect(slow.backlog).toBeLessThan(128 * 1024);
    slow.accepts = true;
    slow.drain();
    await Promise.resolve();
    const events = slow.shown();
    expect(events.length).toBeLessThan(6000);
    expect(events.at(-1)).toBe('watchEvent:/a|t|');
  });

  test('more events of one tick than may wait all arrive at one that reads', async () => {
    const store = createStore();
    const peer = wirePeer(store);
    const writer = store.connect(0, () => true);
    peer.ask(XS.watch, '/a\0t\0');
    for (let i = 0; i < 3500; i++) writer.write(`/a/${i}`, '');
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(peer.shown().filter((event) => event !== 'watchEvent:/a|t|').length).toBeGreaterThan(1000);
    expect(peer.shown()).toEqual([]);
    writer.write('/a/last', '');
    await Promise.resolve();
    expect(peer.shown()).toEqual(['watchEvent:/a/last|t|']);
  });
});

test('errors keep the ids of their request', () => {
  const dom0 = wirePeer(createStore());
  dom0.session.receive(wireRequest(XS.read, '/none\0', { id: 0xffff_fffe }));
  expect(dom0.heard()).toEqual([{ type: 'error', requestId: 0xffff_fffe, tx: 0, payload: 'ENOENT\0' }]);
});
