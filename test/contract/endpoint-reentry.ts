// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type EndpointHandlers, TRANSPORT } from '../../src/idc/contract.ts';
import { ECHO, type Parties } from '../support/idc-endpoints.ts';
import type { Introduce } from './endpoint.ts';

const CALLBACKS = ['onConnect', 'onDisconnect', 'onDisappear', 'onMessage', 'onTransaction', 'completion'] as const;
type Callback = (typeof CALLBACKS)[number];

/** G12 of spec/idc.md 1.4: everything is legal inside every callback. */
export function endpointReentry(introduce: Introduce): void {
  describe('[8] inside callbacks', () => {
    /** Lets every callback of a front end run until its disconnect; `action` runs in one of them, once. */
    async function live(callback: Callback, action: (parties: Parties) => void): Promise<Parties> {
      let armed: Parties | undefined;
      const act = (here: Callback): void => {
        if (here !== callback || armed === undefined) return;
        const parties = armed;
        armed = undefined;
        action(parties);
      };
      const handlers: EndpointHandlers = {
        onConnect: () => act('onConnect'),
        onDisconnect(done) {
          act('onDisconnect');
          done();
        },
        onDisappear: () => act('onDisappear'),
        onMessage(message) {
          act('onMessage');
          message.complete();
        },
        onTransaction(transaction) {
          act('onTransaction');
          transaction.complete(0);
        },
      };
      const parties = await introduce({ front: handlers, back: ECHO, quotas: { inFlight: 2 } });
      if (callback === 'onConnect') await parties.disconnect();
      armed = parties;
      if (callback === 'onConnect') await parties.connect();
      parties.front.submit(parties.front.transaction(), () => act('completion'));
      parties.back.post(new Uint8Array(1));
      parties.back.submit(parties.back.transaction(), () => {});
      parties.pump();
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      return parties;
    }

    test.each(CALLBACKS)('submitting in %s', async (callback) => {
      const verdicts: number[] = [];
      const { front, disconnect } = await live(callback, ({ front: endpoint }) => {
        for (let number = 0; number < 3; number++) {
          endpoint.submit(endpoint.transaction(), ({ transport }) => verdicts.push(transport));
        }
      });
      await disconnect();
      front.disappear();
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      const connected = callback !== 'onDisconnect' && callback !== 'onDisappear';
      expect(verdicts).toEqual(new Array(3).fill(connected ? TRANSPORT.ok : TRANSPORT.notConnected));
    });

    test.each(CALLBACKS)('destroying in %s', async (callback) => {
      let destroyed = 0;
      const { front, logs, disconnect } = await live(callback, (parties) => {
        parties.front.destroy(() => {
          destroyed++;
          parties.logs.front.push('destroyed');
        });
      });
      await disconnect();
      front.disappear();
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      expect([destroyed, front.state]).toEqual([1, 'destroyed']);
      const life = logs.front.filter((word) => word !== 'message' && word !== 'transaction');
      const before = callback === 'onConnect' ? ['connect', 'disconnect'] : [];
      expect(life).toEqual(['appear', ...before, 'connect', 'disconnect', 'disappear', 'destroyed']);
      expect(logs.front.at(-1)).toBe('destroyed');
    });

    test.each(['onMessage', 'onTransaction', 'completion'] as const)('waiting in %s, by polling', async (callback) => {
      let answered = 0;
      await live(callback, ({ front, back }) => {
        front.submit(front.transaction(), () => answered++);
        for (let look = 0; answered === 0; look++) {
          if (look > 10) throw new Error('the nested transaction is stuck');
          front.poll();
          back.poll();
        }
      });
      expect(answered).toBe(1);
    });

    test('submitting again and again in the completion goes on for ever without growing the stack', async () => {
      const { front, pump } = await introduce({ back: ECHO, quotas: { inFlight: 1 } });
      const transaction = front.transaction();
      let rounds = 0;
      const again = (): void => {
        if (++rounds < 20_000) front.submit(transaction, again);
      };
      front.submit(transaction, again);
      while (rounds < 20_000) pump();
      expect(rounds).toBe(20_000);
    });

    test('trying again at once without connection starves nobody', async () => {
      const { front, disconnect } = await introduce();
      await disconnect();
      const transaction = front.transaction();
      let tries = 0;
      const again = (): void => {
        tries++;
        if (front.state === 'present') front.submit(transaction, again);
      };
      front.submit(transaction, again);
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      expect(tries).toBeGreaterThan(2);
      front.destroy();
    });
  });
}
