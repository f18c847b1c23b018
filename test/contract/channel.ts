// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Channel, Quotas } from '../../src/idc/contract.ts';
import { until } from '../support/hv-machine.ts';
import type { ChannelPair, MakePair } from '../support/idc-pairs.ts';
import { createRecorder, pattern, type Reactions, record } from '../support/idc-recorder.ts';

const QUOTAS: Quotas = { inFlight: 4, bodyBytes: 300, registrations: 2 };
/** Around the ends of words, around the limit of the word loop, and the most. */
const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 299, 300, 0];

/**
 * What every channel does (`Channel` in src/idc/contract.ts).
 *
 * @param name of the implementation
 * @param makePair connects two ends of it
 */
export function channelContract(name: string, makePair: MakePair): void {
  describe(`channel: ${name}`, () => {
    const pairs: ChannelPair[] = [];

    async function open(front: Reactions = {}, back: Reactions = {}) {
      const pair = await makePair(QUOTAS);
      pairs.push(pair);
      const sinks = { front: createRecorder(front), back: createRecorder(back) };
      pair.front.open(sinks.front);
      pair.back.open(sinks.back);
      return { ...pair, sinks };
    }

    function request(channel: Channel, id: number, bytes: readonly number[] = []): void {
      channel.putRequest(2, id, record(bytes), bytes.length);
    }

    function reply(channel: Channel, id: number, error = 0, bytes: readonly number[] = []): void {
      channel.putReply(id, error, record(bytes), bytes.length);
    }

    afterEach(async () => {
      for (const pair of pairs.splice(0)) await pair.end();
    });

    test('delivers requests and replies of every length, unchanged', async () => {
      const { front, back, sinks } = await open();
      for (const length of LENGTHS) {
        request(front, length, pattern(length, length));
        front.flush();
        back.poll();
        expect(sinks.back.requests.pop()).toEqual({ id: length, head: 2, bytes: pattern(length, length) });
        reply(back, length, -length, pattern(length + 1, length));
        back.flush();
        front.poll();
        expect(sinks.front.replies.pop()).toEqual({ id: length, head: 0 - length, bytes: pattern(length + 1, length) });
      }
    });

    test('keeps all 32 bits of ids, kinds and errors', async () => {
      const { front, back, sinks } = await open();
      front.putRequest(0x7fffffff, 0xfffffffe, record([]), 0);
      front.flush();
      back.poll();
      expect(sinks.back.requests).toEqual([{ id: 0xfffffffe, head: 0x7fffffff, bytes: [] }]);
      back.putReply(0xfffffffe, -0x80000000, record([]), 0);
      back.flush();
      front.poll();
      expect(sinks.front.replies).toEqual([{ id: 0xfffffffe, head: -0x80000000, bytes: [] }]);
    });

    test('delivers nothing before the flush, and all of it after', async () => {
      const { front, back, sinks } = await open();
      for (const id of [1, 2, 3, 4]) request(front, id);
      back.poll();
      await nextTurn();
      expect(sinks.back.requests).toEqual([]);
      front.flush();
      back.poll();
      expect(sinks.back.requests.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
      back.poll();
      expect(sinks.back.requests).toHaveLength(4);
    });

    test('delivers without being polled', async () => {
      const { front, sinks } = await open();
      await nextTurn();
      request(front, 1);
      front.flush();
      await until(() => sinks.back.requests.length === 1);
    });

    test('delivers what was published before the other end opened', async () => {
      const pair = await makePair(QUOTAS);
      pairs.push(pair);
      const [front, back] = [createRecorder(), createRecorder()];
      pair.front.open(front);
      request(pair.front, 1);
      pair.front.flush();
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      pair.back.open(back);
      expect(back.requests).toEqual([]);
      await until(() => back.requests.length === 1);
    });

    test('never misses a wake-up: both ends sleep before each of 2000 messages', async () => {
      const rounds = 2000;
      const { front, sinks } = await open(
        {
          onReply({ id }) {
            if (id < rounds) request(front, id + 1);
          },
          onDelivered: () => front.flush(),
        },
        {
          onRequest: ({ id }) => reply(pairs[0]!.back, id),
          onDelivered: () => pairs[0]!.back.flush(),
        },
      );
      request(front, 1);
      front.flush();
      await until(() => sinks.front.replies.length === rounds);
      expect(sinks.back.requests).toHaveLength(rounds);
    });

    test('replies come back in any order, while the quota is full both ways', async () => {
      const { front, back, sinks } = await open();
      for (const id of [1, 2, 3, 4]) {
        request(front, id);
        request(back, id + 10);
      }
      front.flush();
      back.flush();
      back.poll();
      front.poll();
      for (const id of [3, 1, 4, 2]) {
        reply(back, id, id);
        reply(front, id + 10, id);
      }
      back.flush();
      front.flush();
      front.poll();
      back.poll();
      expect(sinks.front.replies.map(({ id }) => id)).toEqual([3, 1, 4, 2]);
      expect(sinks.back.replies.map(({ id }) => id)).toEqual([13, 11, 14, 12]);
    });

    test('says when a delivery ended, and that is when what handlers put can be flushed', async () => {
      const log: string[] = [];
      const { front, back, sinks } = await open(
        {},
        {
          onRequest({ id }) {
            reply(back, id);
            back.flush();
            log.push(`request ${id}`);
          },
          onDelivered() {
            log.push('delivered');
            back.flush();
          },
        },
      );
      for (const id of [1, 2]) request(front, id);
      front.flush();
      back.poll();
      expect(log.slice(0, 3)).toEqual(['request 1', 'request 2', 'delivered']);
      front.poll();
      expect(sinks.front.replies.map(({ id }) => id)).toEqual([1, 2]);
    });

    test('a handler may poll its own channel: everything arrives once, in order', async () => {
      const seen: string[] = [];
      const { front, back } = await open(
        {},
        {
          onRequest({ id }) {
            seen.push(`in ${id}`);
            back.poll();
            seen.push(`out ${id}`);
          },
        },
      );
      for (const id of [1, 2, 3]) request(front, id);
      front.flush();
      back.poll();
      expect(seen).toEqual(['in 1', 'in 2', 'in 3', 'out 3', 'out 2', 'out 1']);
      await nextTurn();
      back.poll();
      expect(seen).toHaveLength(6);
    });

    test('a handler that polls publishes what it put before, also when it polls another channel', async () => {
      const other = await makePair(QUOTAS);
      pairs.push(other);
      other.front.open(createRecorder());
      const seenByFront: number[] = [];
      const { front, back } = await open(
        { onReply: ({ id }) => seenByFront.push(id) },
        {
          onRequest({ id }) {
            reply(back, id);
            other.front.poll();
            front.poll();
          },
          onDelivered: () => back.flush(),
        },
      );
      request(front, 5);
      front.flush();
      back.poll();
      expect(seenByFront).toEqual([5]);
    });

    test('a handler that throws loses nothing of what follows', async () => {
      const { front, back, sinks } = await open(
        {},
        {
          onRequest({ id }) {
            if (id === 1) throw new Error('handler');
          },
        },
      );
      for (const id of [1, 2, 3]) request(front, id);
      front.flush();
      expect(() => back.poll()).toThrow('handler');
      await until(() => sinks.back.requests.length === 3);
      request(front, 4);
      front.flush();
      await until(() => sinks.back.requests.length === 4);
    });

    test('close ends delivery at once, but not what was answered', async () => {
      const { front, back, sinks } = await open(
        {},
        {
          onRequest({ id }) {
            reply(back, id);
            if (id === 2) back.close();
          },
        },
      );
      for (const id of [1, 2, 3]) request(front, id);
      front.flush();
      back.poll();
      expect(sinks.back.requests.map(({ id }) => id)).toEqual([1, 2]);
      front.poll();
      expect(sinks.front.replies.map(({ id }) => id)).toEqual([1, 2]);
    });

    test('a closed end stays closed and disturbs nobody', async () => {
      const { front, back, sinks } = await open();
      request(back, 1);
      back.close();
      back.close();
      request(back, 2);
      back.flush();
      request(front, 3);
      front.flush();
      back.poll();
      front.poll();
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      expect([sinks.front.requests, sinks.back.requests, sinks.front.reasons]).toEqual([[], [], []]);
      expect(() => back.open(createRecorder())).toThrow('closed');
    });

    test('carries any sequence of puts, flushes and polls like a queue', async () => {
      const { front, back, sinks } = await open();
      const ends = [
        { near: front, far: back, sink: sinks.back, answers: sinks.front },
        { near: back, far: front, sink: sinks.front, answers: sinks.back },
      ];
      let id = 0;
      const step = fc.tuple(fc.nat(1), fc.constantFrom('put', 'flush', 'poll', 'reply'), fc.nat(300));
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const sent = [new Map<number, number[]>(), new Map<number, number[]>()];
          const taken: { id: number; bytes: readonly number[] }[][] = [[], []];
          const collect = (end: number): void => {
            const { sink, answers } = ends[end]!;
            for (const { id: one, bytes } of sink.requests.splice(0)) {
              expect(bytes).toEqual(sent[end]!.get(one));
              taken[end]!.push({ id: one, bytes });
            }
            for (const answer of answers.replies.splice(0)) {
              expect(answer.bytes).toEqual(sent[end]!.get(answer.id)!.toReversed());
              sent[end]!.delete(answer.id);
            }
          };
          const apply = (end: number, action: string, length: number): void => {
            const { near, far } = ends[end]!;
            if (action === 'put' && sent[end]!.size < QUOTAS.inFlight) {
              sent[end]!.set(++id, pattern(id, length));
              request(near, id, pattern(id, length));
            } else if (action === 'flush') near.flush();
            else if (action === 'poll') near.poll();
            else if (action === 'reply' && taken[end]!.length > 0) {
              const [one] = taken[end]!.splice(length % taken[end]!.length, 1);
              reply(far, one!.id, 0, one!.bytes.toReversed());
            }
            collect(0);
            collect(1);
          };
          for (const [end, action, length] of steps) apply(end, action, length);
          for (const end of [0, 1]) {
            apply(end, 'flush', 0);
            apply(1 - end, 'poll', 0);
            while (taken[end]!.length > 0) apply(end, 'reply', 0);
            apply(1 - end, 'flush', 0);
            apply(end, 'poll', 0);
            expect(sent[end]!.size).toBe(0);
          }
        }),
      );
    });
  });
}
