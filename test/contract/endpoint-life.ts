// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { DEFAULT_QUOTAS, TRANSPORT } from '../../src/idc/contract.ts';
import { createParty } from '../support/idc-endpoints.ts';
import type { MakePair } from '../support/idc-pairs.ts';
import type { Introduce } from './endpoint.ts';
import { checkLifeModel } from './endpoint-model.ts';

const CYCLE = ['appear', 'connect', 'disconnect', 'disappear'];

/** Rules 17 to 32: notifications, and destruction. */
export function endpointLife(introduce: Introduce, makePair: MakePair): void {
  describe('life cycle', () => {
    test('goes through its states and tells of each, any number of times', async () => {
      const { front, logs, ...parties } = await introduce();
      expect([front.state, front.incarnation]).toEqual(['connected', 1]);
      await parties.disconnect();
      expect(front.state).toBe('present');
      await parties.connect();
      expect([front.state, front.incarnation]).toEqual(['connected', 2]);
      await parties.disconnect();
      front.disappear();
      front.appear();
      expect(logs.front).toEqual(['appear', 'connect', 'disconnect', 'connect', 'disconnect', 'disappear', 'appear']);
    });

    test('refuses a step out of order and tells nobody', async () => {
      const { endpoint, log } = createParty();
      const pair = await makePair(DEFAULT_QUOTAS);
      expect(() => endpoint.disappear()).toThrow('from absent');
      expect(() => endpoint.connect(pair.front)).toThrow('from absent to connected');
      await endpoint.disconnect();
      endpoint.appear();
      expect(() => endpoint.appear()).toThrow('from present');
      endpoint.connect(pair.front);
      expect(() => endpoint.connect(pair.front)).toThrow('from connected');
      expect(() => endpoint.disappear()).toThrow('from connected');
      expect(log).toEqual(['appear', 'connect']);
      await pair.end();
    });

    test('refuses a channel with other quotas', async () => {
      const { endpoint } = createParty({}, { inFlight: 8 });
      endpoint.appear();
      const pair = await makePair({ ...DEFAULT_QUOTAS, inFlight: 4 });
      expect(() => endpoint.connect(pair.front)).toThrow('other quotas');
      expect(endpoint.state).toBe('present');
      await pair.end();
    });

    test('a user who is slow to let go delays the next connection and nothing else', async () => {
      const held: (() => void)[] = [];
      const { front, back, logs } = await introduce({ front: { onDisconnect: (done) => held.push(done) } });
      const first = front.disconnect();
      const second = front.disconnect();
      let ended = 0;
      void first.then(() => ended++);
      void second.then(() => ended++);
      await back.disconnect();
      back.disappear();
      await nextTurn();
      expect([ended, front.state, back.state]).toEqual([0, 'disconnecting', 'absent']);
      const pair = await makePair(DEFAULT_QUOTAS);
      expect(() => front.connect(pair.front)).toThrow('from disconnecting');
      expect(() => front.disappear()).toThrow('from disconnecting');
      held[0]!();
      held[0]!();
      await second;
      expect([ended, front.state]).toEqual([2, 'present']);
      front.connect(pair.front);
      expect(logs.front).toEqual(['appear', 'connect', 'disconnect', 'connect']);
      await pair.end();
    });

    test('connected() waits for each connection anew, and fails with the endpoint', async () => {
      const { front, ...parties } = await introduce();
      await front.connected();
      await parties.disconnect();
      let again = false;
      const next = front.connected().then(() => {
        again = true;
      });
      await nextTurn();
      expect(again).toBe(false);
      await parties.connect();
      await next;
      await parties.disconnect();
      const never = front.connected();
      front.destroy();
      await expect(never).rejects.toThrow('destroyed');
      await expect(front.connected()).rejects.toThrow('destroyed');
    });

    test('is destroyed from every state', async () => {
      for (const stop of ['absent', 'present', 'connected', 'disconnecting'] as const) {
        const held: (() => void)[] = [];
        const party = createParty({ onDisconnect: (done) => held.push(done) });
        const pair = await makePair(DEFAULT_QUOTAS);
        if (stop !== 'absent') party.endpoint.appear();
        if (stop === 'connected' || stop === 'disconnecting') party.endpoint.connect(pair.front);
        if (stop === 'disconnecting') void party.endpoint.disconnect();
        expect(party.endpoint.state).toBe(stop);
        party.endpoint.destroy(() => party.log.push('destroyed'));
        for (const done of held) done();
        await nextTurn();
        const cycle = { absent: 0, present: 1, connected: 2, disconnecting: 2 }[stop];
        expect(party.log).toEqual([...CYCLE.slice(0, cycle), ...CYCLE.slice(4 - cycle), 'destroyed']);
        expect(party.endpoint.state).toBe('destroyed');
        expect(() => party.endpoint.destroy()).toThrow('twice');
        await pair.end();
      }
    });

    test('what the introduction still does to a destroyed endpoint has no effect', async () => {
      const { front, logs } = await introduce();
      const pair = await makePair(DEFAULT_QUOTAS);
      front.destroy(() => logs.front.push('destroyed'));
      await front.disconnect();
      front.disappear();
      front.appear();
      front.connect(pair.front);
      expect(() => pair.front.open({} as never)).toThrow('closed');
      expect(logs.front).toEqual([...CYCLE, 'destroyed']);
      await pair.end();
    });

    test('completes what was submitted before it says that it is destroyed', async () => {
      const { front, logs } = await introduce();
      const note = (name: string) => (transport: number) => logs.front.push(`${name} ${transport}`);
      front.post(new Uint8Array(1), note('sent'));
      const ending = front.disconnect();
      front.post(new Uint8Array(1), note('refused'));
      front.destroy(() => logs.front.push('destroyed'));
      await ending;
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      const { disconnected, notConnected } = TRANSPORT;
      expect(logs.front.filter((word) => !CYCLE.includes(word))).toEqual([
        `sent ${disconnected}`,
        `refused ${notConnected}`,
        'destroyed',
      ]);
      expect(logs.front.at(-1)).toBe('destroyed');
    });

    test('notifications follow the grammar, whatever happens', async () => {
      await checkLifeModel(makePair);
    });
  });
}
