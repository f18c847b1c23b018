// SPDX-License-Identifier: Apache-2.0
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { byteRingWriter } from '../../../src/ring/byte-ring.ts';
import type { Store } from '../../../src/xenstore/contract.ts';
import { connectStore, serveStore } from '../../../src/xenstore/port.ts';
import { LOSSES } from '../../../src/xenstore/turns.ts';
import { XS } from '../../../src/xenstore/wire.ts';
import { requestRing } from '../../../src/xenstore/wire-page.ts';
import { serveRing } from '../../../src/xenstore/wire-ring.ts';
import { wireRequest } from '../../support/wire-request.ts';
import { newStore, seed } from './harness.ts';
import { wirePeer } from './wire-peer.ts';

function world() {
  const made = newStore();
  seed(made.dom0, '/key', '0', 'b0');
  return made;
}

/** Reads and writes the key in a transaction, with somebody else's step between. @returns what the commit came to */
function attempt(victim: ReturnType<typeof wirePeer>, between: () => void): string {
  const id = Number(/\d+/.exec(victim.ask(XS.transactionStart, '\0'))?.[0]);
  const value = victim.ask(XS.read, '/key\0', id);
  between();
  victim.ask(XS.write, `/key\0${value}+`, id);
  return victim.ask(XS.transactionEnd, 'T\0', id);
}

/** Loses as often as it takes to get the turn. */
function lose(store: Store, victim: ReturnType<typeof wirePeer>): void {
  const disturber = store.connect(0, () => true);
  for (let i = 0; i < LOSSES; i++) {
    expect(attempt(victim, () => disturber.write('/key', `lost ${i}`))).toBe('error:EAGAIN|');
  }
}

/** XSA-206. */
describe('lesson 6: nobody starves another’s transactions', () => {
  test('who writes flat out waits for one that lost three times, and its requests are done afterwards', () => {
    const { store, dom0 } = world();
    const [victim, attacker] = [wirePeer(store, 1), wirePeer(store, 2)];
    let count = 0;
    const attack = () => attacker.session.receive(wireRequest(XS.write, `/key\0attack ${count++}`));
    const outcomes = Array.from({ length: LOSSES + 1 }, () => attempt(victim, attack));
    expect(outcomes).toEqual([...Array(LOSSES).fill('error:EAGAIN|'), 'transactionEnd:OK|']);
    expect(attacker.shown()).toEqual(Array(LOSSES + 1).fill('write:OK|'));
    expect(dom0.read('/key')).toBe(`attack ${LOSSES}`);
    expect(store.check()).toEqual([]);
  });

  test('the same over message ports, where a flood keeps coming', async () => {
    const { store } = world();
    const clients = [1, 2].map((domid) => {
      const { port1, port2 } = new MessageChannel();
      serveStore(store, domid, port1);
      return connectStore(port2);
    });
    const [victim, attacker] = clients as [(typeof clients)[0], (typeof clients)[0]];
    let over = false;
    let written = 0;
    const lanes = Array.from({ length: 20 }, async () => {
      while (!over) await attacker.write('/key', String(written++));
    });
    for (let i = 0; i < 20; i++) {
      await victim.transaction(async (tx) => tx.write('/key', `${await tx.read('/key')}+`), { retries: 10_000 });
    }
    over = true;
    await Promise.all(lanes);
    expect(written).toBeGreaterThan(20);
    for (const client of clients) client.close();
  });

  test('what comes over a page while another has the turn is done afterwards, without another notification', async () => {
    const { store, dom0 } = world();
    const victim = wirePeer(store, 1);
    lose(store, victim);
    const page = new SharedArrayBuffer(4096);
    const ring = serveRing(store, 2, page, () => {});
    const requests = byteRingWriter(requestRing(page));
    victim.ask(XS.transactionStart, '\0');
    for (const value of ['first', 'second']) {
      requests.write(wireRequest(XS.write, `/key\0${value}`));
      ring.kick();
    }
    expect(dom0.read('/key')).toBe(`lost ${LOSSES - 1}`);
    store.releaseDomain(1);
    await expect.poll(() => dom0.read('/key')).toBe('second');
  });

  test('domain 0 and the domain itself never wait', () => {
    const { store, dom0, connect } = world();
    const victim = wirePeer(store, 1);
    lose(store, victim);
    victim.ask(XS.transactionStart, '\0');
    expect(wirePeer(store, 1).ask(XS.read, '/key\0')).toMatch(/^read:/);
    expect(wirePeer(store, 0).ask(XS.read, '/key\0')).toMatch(/^read:/);
    expect(dom0.mustWait(() => {})).toBe(false);
    expect(connect(2).mustWait(() => {})).toBe(true);
  });

  test('a turn that is not used ends by itself, and a second one does not follow at once', async () => {
    const { store, connect } = world();
    const victim = wirePeer(store, 1);
    lose(store, victim);
    victim.ask(XS.transactionStart, '\0');
    const other = connect(2);
    await new Promise<void>((resolve) => expect(other.mustWait(resolve)).toBe(true));
    expect(other.mustWait(() => {})).toBe(false);
    victim.ask(XS.transactionEnd, 'F\0', LOSSES + 1);
    victim.ask(XS.transactionStart, '\0');
    expect(other.mustWait(() => {})).toBe(false);
  });

  test('the turn ends with its connection', () => {
    const { store, connect } = world();
    const victim = wirePeer(store, 1);
    lose(store, victim);
    victim.ask(XS.transactionStart, '\0');
    expect(connect(2).mustWait(() => {})).toBe(true);
    store.releaseDomain(1);
    expect(connect(2).mustWait(() => {})).toBe(false);
  });
});
