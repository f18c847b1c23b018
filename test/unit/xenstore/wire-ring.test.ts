// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteRingReader, byteRingWriter } from '../../../src/ring/byte-ring.ts';
import type { Store } from '../../../src/xenstore/contract.ts';
import { XS } from '../../../src/xenstore/wire.ts';
import { CONNECTION, PAGE, PAGE_ERROR, replyRing, requestRing } from '../../../src/xenstore/wire-page.ts';
import { serveRing } from '../../../src/xenstore/wire-ring.ts';
import { wireRequest } from '../../support/wire-request.ts';
import { listen, newStore } from './harness.ts';
import { wireMessages } from './wire-peer.ts';

/** A guest that keeps to the rules, and its page for those that do not. */
function guest(store: Store, domid = 1) {
  const page = new SharedArrayBuffer(4096);
  const words = new Int32Array(page);
  const seen = { notified: 0 };
  const ring = serveRing(store, domid, page, () => {
    seen.notified++;
  });
  let requests = byteRingWriter(requestRing(page));
  let replies = byteRingReader(replyRing(page));
  let left: Buffer = Buffer.alloc(0);

  function take(): void {
    const bytes = Buffer.alloc(1024);
    const count = replies.read(bytes);
    left = Buffer.concat([left, bytes.subarray(0, count)]);
  }

  const peer = {
    words,
    seen,
    ring,
    /** As much as fits, with a kick. @returns bytes that did */
    put(bytes: Uint8Array): number {
      const count = requests.write(bytes);
      ring.kick();
      return count;
    },
    /** All of it, taking replies meanwhile. */
    send(bytes: Uint8Array): void {
      for (let at = 0; at < bytes.length; at += peer.put(bytes.subarray(at))) take();
    },
    /** Whole messages that came. */
    heard() {
      for (let before = -1; before !== left.length; ) {
        before = left.length;
        take();
        ring.kick();
      }
      const messages = wireMessages(left);
      left = Buffer.alloc(0);
      return messages;
    },
    shown: () => peer.heard().map(({ type, payload }) => `${type}:${payload.replaceAll('\0', '|')}`),
    ask(type: number, payload = '', tx = 0): string {
      peer.send(wireRequest(type, payload, { tx }));
      return peer.shown().join(' ');
    },
    /** The guest's part of a reconnect. */
    reconnect(): void {
      Atomics.store(words, PAGE.connection, CONNECTION.reconnect);
      ring.kick();
      requests = byteRingWriter(requestRing(page));
      replies = byteRingReader(replyRing(page));
      left = Buffer.alloc(0);
    },
  };
  return peer;
}

function world() {
  const made = newStore();
  made.dom0.write('/local/domain/1', '');
  made.dom0.setPerms('/local/domain/1', ['n1']);
  return made;
}

describe('a page', () => {
  test('says what the server offers, and is connected', () => {
    const { words } = guest(world().store);
    expect([words[PAGE.serverFeatures], words[PAGE.connection], words[PAGE.error]]).toEqual([15, 0, 0]);
  });

  test('carries requests, replies and events with the domain’s own rights', () => {
    const { store, dom0 } = world();
    const one = guest(store);
    expect(one.ask(XS.write, 'a\0value')).toBe('write:OK|');
    expect(one.ask(XS.read, '/local/domain/1/a\0')).toBe('read:value');
    expect(one.ask(XS.write, '/tool\0x')).toBe('error:EACCES|');
    expect(one.ask(XS.watch, 'a\0t\0')).toBe('watch:OK| watchEvent:a|t|');
    dom0.write('/local/domain/1/a', '');
    expect(one.shown()).toEqual([]);
  });

  test('an event comes by itself, with a notification', async () => {
    const { store, dom0 } = world();
    const one = guest(store);
    one.ask(XS.watch, 'a\0t\0');
    const { notified } = one.seen;
    dom0.write('/local/domain/1/a', '');
    await Promise.resolve();
    expect(one.seen.notified).toBeGreaterThan(notified);
    expect(one.shown()).toEqual(['watchEvent:a|t|']);
  });

  test('a message may lie across the end of the ring at any byte', () => {
    const { store } = world();
    const one = guest(store);
    const request = wireRequest(XS.getDomainPath, '1\0');
    for (let i = 0; i < 1024; i++) {
      one.send(request);
      expect(one.shown()).toEqual(['getDomainPath:/local/domain/1|']);
    }
  });

  test('a message longer than the ring goes through it', () => {
    const { store } = world();
    const one = guest(store);
    expect(one.ask(XS.write, `a\0${'x'.repeat(2000)}`)).toBe('write:OK|');
    expect(one.ask(XS.read, 'a\0')).toBe(`read:${'x'.repeat(2000)}`);
  });

  test('a thousand requests at once are answered in order', () => {
    const one = guest(world().store);
    const all = Array.from({ length: 1000 }, (_, id) => wireRequest(XS.getDomainPath, `${id}\0`, { id }));
    const ids: number[] = [];
    for (const request of all) {
      one.send(request);
      if (request.length % 7 === 0) ids.push(...one.heard().map(({ requestId }) => requestId));
    }
    ids.push(...one.heard().map(({ requestId }) => requestId));
    expect(ids).toEqual(all.map((_, id) => id));
  });
});

/** Lesson 2: XSA-38, XSA-86. */
describe('lesson 2: impossible indexes', () => {
  const VALUES = [-1, 1, 1023, 1024, 1025, 2048, 0x7fff_ffff, -0x8000_0000, 0x1234_5678];
  const INDEXES = ['reqCons', 'reqProd', 'rspCons', 'rspProd'] as const;
  const cases = INDEXES.flatMap((name) => VALUES.map((value) => [name, value] as const));

  test.each(cases)('%s = %i', (name, value) => {
    const { store, dom0 } = world();
    const bad = guest(store);
    const other = guest(store, 2);
    bad.ask(XS.write, 'a\0x');
    bad.ask(XS.watch, 'a\0t\0');
    bad.words.fill(0x5a5a5a5a, PAGE.evtchnPort + 1);
    Atomics.store(bad.words, PAGE[name], value);
    for (let i = 0; i < 5; i++) {
      bad.ring.kick();
      dom0.write('/local/domain/1/a', String(i));
      bad.put(wireRequest(XS.read, 'a\0'));
    }
    expect(other.ask(XS.getDomainPath, '2\0')).toBe('getDomainPath:/local/domain/2|');
    expect(bad.words.subarray(PAGE.evtchnPort + 1).every((word) => word === 0x5a5a5a5a)).toBe(true);
    expect([PAGE_ERROR.none, PAGE_ERROR.index, PAGE_ERROR.protocol]).toContain(bad.words[PAGE.error]);
    expect(store.check()).toEqual([]);
    expect(dom0.isIntroduced(1)).toBe(true);
  });

  test.each([
    ['reqProd', 5000],
    ['rspCons', 5000],
  ] as const)('%s = %i is told, and nothing more is done for the page', (name, value) => {
    const { store, dom0 } = world();
    const bad = guest(store);
    bad.ask(XS.watch, 'a\0t\0');
    Atomics.store(bad.words, PAGE[name], value);
    dom0.write('/local/domain/1/a', '');
    bad.ring.kick();
    bad.put(wireRequest(XS.read, 'a\0'));
    expect(bad.words[PAGE.error]).toBe(PAGE_ERROR.index);
    const before = bad.words.slice();
    bad.ring.kick();
    dom0.write('/local/domain/1/a', '');
    expect(bad.words).toEqual(before);
    expect(store.usage(1)).toMatchObject({ watches: 0, transactions: 0 });
  });

  test('whatever is in the page, the store lives and its accounts hold', () => {
    const word = fc.oneof(fc.integer(), fc.nat(2048), fc.constantFrom(...VALUES));
    const step = fc.oneof(
      fc.record({ index: fc.constantFrom(...Object.values(PAGE)), value: word }),
      fc.record({ bytes: fc.uint8Array({ maxLength: 64 }) }),
      fc.record({ type: fc.nat(30), payload: fc.constantFrom('', '\0', 'a\0', 'a\0t\0', 'T\0', '/\0', '0\0') }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { store, dom0 } = world();
        const bad = guest(store);
        for (const each of steps) {
          if ('index' in each) Atomics.store(bad.words, each.index, each.value);
          else bad.put('bytes' in each ? each.bytes : wireRequest(each.type, each.payload));
          bad.ring.kick();
          expect(store.check()).toEqual([]);
        }
        expect(dom0.isIntroduced(1)).toBe(true);
        bad.reconnect();
        expect(bad.ask(XS.getDomainPath, '1\0')).toBe('getDomainPath:/local/domain/1|');
      }),
      { numRuns: 200 },
    );
  });
});

/** Lesson 9: XSA-325. */
test('lesson 9: who breaks the protocol is ignored, not released, until really gone', () => {
  const { store, dom0 } = world();
  const watcher = listen(store, 0);
  watcher.at.watch('@releaseDomain', 't');
  watcher.heard();
  const bad = guest(store);
  bad.ask(XS.write, 'a\0x');
  const header = wireRequest(XS.write, '');
  header.writeUInt32LE(4097, 12);
  bad.put(header);
  expect(bad.words[PAGE.error]).toBe(PAGE_ERROR.protocol);
  expect(bad.ask(XS.read, 'a\0')).toBe('');
  expect(dom0.read('/local/domain/1/a')).toBe('x');
  expect(dom0.isIntroduced(1)).toBe(true);
  expect(watcher.heard()).toEqual([]);
  store.releaseDomain(1);
  expect(watcher.heard()).toEqual(['@releaseDomain t']);
  bad.ring.kick();
  bad.reconnect();
  expect(store.check()).toEqual([]);
});

describe('a reconnect', () => {
  test('by the guest drops watches, transactions and what was under way', () => {
    const { store } = world();
    const one = guest(store);
    one.ask(XS.watch, 'a\0t\0');
    one.ask(XS.transactionStart, '\0');
    one.put(wireRequest(XS.read, 'a\0').subarray(0, 10));
    one.reconnect();
    expect(one.words[PAGE.connection]).toBe(CONNECTION.connected);
    expect(store.usage(1)).toMatchObject({ watches: 0, transactions: 0 });
    expect(one.ask(XS.getDomainPath, '1\0')).toBe('getDomainPath:/local/domain/1|');
  });

  test('is possible after an error', () => {
    const one = guest(world().store);
    Atomics.store(one.words, PAGE.reqProd, 5000);
    one.ring.kick();
    one.reconnect();
    expect(one.words[PAGE.error]).toBe(PAGE_ERROR.none);
    expect(one.ask(XS.getDomainPath, '1\0')).toBe('getDomainPath:/local/domain/1|');
  });

  test('by domain 0, who introduces the domain again', () => {
    const { store, dom0 } = world();
    const one = guest(store);
    one.ask(XS.watch, 'a\0t\0');
    dom0.introduce(1);
    expect(store.usage(1)).toMatchObject({ watches: 0 });
    expect([PAGE.reqCons, PAGE.rspProd].map((index) => one.words[index])).toEqual([0, 0]);
  });
});

describe('a guest that does not read', () => {
  test('is stalled, alone, in bounded memory, and misses no reply', () => {
    const { store, dom0 } = world();
    const slow = guest(store);
    const other = guest(store, 2);
    slow.ask(XS.write, `a\0${'x'.repeat(1900)}`);
    let put = 0;
    const request = wireRequest(XS.read, 'a\0', { id: 1 });
    for (let stuck = 0; stuck < 10; ) {
      const count = slow.put(request.subarray(put % request.length));
      put += count;
      stuck = count === 0 ? stuck + 1 : 0;
    }
    expect(put / request.length).toBeLessThan(200);
    for (let i = 0; i < 100; i++) expect(other.ask(XS.getDomainPath, '2\0')).toBe('getDomainPath:/local/domain/2|');
    expect(dom0.read('/local/domain/1/a')).toHaveLength(1900);
    const whole = Math.ceil(put / request.length);
    slow.send(request.subarray(put - (whole - 1) * request.length));
    expect(slow.heard()).toHaveLength(whole);
    expect(slow.ask(XS.getDomainPath, '1\0')).toBe('getDomainPath:/local/domain/1|');
  });
});
