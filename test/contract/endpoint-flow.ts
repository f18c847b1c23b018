// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type ReceivedMessage, type ReceivedTransaction, TRANSPORT } from '../../src/idc/contract.ts';
import { ECHO } from '../support/idc-endpoints.ts';
import { pattern } from '../support/idc-recorder.ts';
import type { Introduce } from './endpoint.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Rules 39 to 60: messages, transactions, quotas, batching, polling. */
export function endpointFlow(introduce: Introduce): void {
  describe('messages and transactions', () => {
    test('a call carries parameters there and a status and an error code back', async () => {
      const { front } = await introduce({ back: ECHO });
      for (const length of [1, 2, 3, 4, 111, 112]) {
        const parameters = Uint8Array.from(pattern(length, length));
        const { transport, error, status } = await front.call(parameters);
        expect([transport, error, [...status]]).toEqual([TRANSPORT.ok, parameters[0], [...parameters]]);
      }
    });

    test('the verdicts of the service and of the transport are two', async () => {
      const { front, ...parties } = await introduce({ back: ECHO });
      expect(await front.call(bytes(5))).toMatchObject({ transport: TRANSPORT.ok, error: 5 });
      const outstanding = front.call(bytes(5));
      void front.disconnect();
      expect(await outstanding).toEqual({ transport: TRANSPORT.disconnected, error: 0, status: bytes() });
      await parties.disconnect();
      expect(await front.call(bytes(5))).toEqual({ transport: TRANSPORT.notConnected, error: 0, status: bytes() });
    });

    test('with a quota of one, a hundred submissions go one after the other', async () => {
      const waiting: ReceivedTransaction[] = [];
      const { front, pump } = await introduce({
        back: { onTransaction: (transaction) => waiting.push(transaction) },
        quotas: { inFlight: 1 },
      });
      const completed: number[] = [];
      for (let number = 0; number < 100; number++) {
        const transaction = front.transaction();
        transaction.parameters[0] = number;
        transaction.parametersLength = 1;
        front.submit(transaction, () => completed.push(number));
      }
      for (let number = 0; number < 100; number++) {
        pump();
        expect(waiting).toHaveLength(1);
        const one = waiting.pop()!;
        expect(one.parameters[0]).toBe(number);
        one.complete(0);
      }
      pump();
      expect(completed).toEqual(Array.from({ length: 100 }, (_, index) => index));
    });

    test('transactions complete in any order, each once', async () => {
      const waiting: ReceivedTransaction[] = [];
      const { front, pump } = await introduce({
        back: { onTransaction: (transaction) => waiting.push(transaction) },
        quotas: { inFlight: 8 },
      });
      const completed: number[] = [];
      const submit = (number: number): void => {
        const transaction = front.transaction();
        transaction.parameters[0] = number;
        transaction.parametersLength = 1;
        front.submit(transaction, ({ error, status, statusLength }) => {
          expect([error, statusLength, status[0]]).toEqual([number, 1, number]);
          completed.push(number);
        });
      };
      for (let number = 0; number < 8; number++) submit(number);
      pump();
      const order = [5, 0, 7, 3];
      for (const number of order) {
        const [one] = waiting.splice(
          waiting.findIndex(({ parameters }) => parameters[0] === number),
          1,
        );
        one!.status[0] = number;
        one!.complete(number, 1);
      }
      pump();
      for (let number = 8; number < 12; number++) submit(number);
      pump();
      for (const one of waiting.reverse()) {
        one.status[0] = one.parameters[0]!;
        one.complete(one.parameters[0]!, 1);
      }
      pump();
      expect(completed).toEqual([...order, 11, 10, 9, 8, 6, 4, 2, 1]);
    });

    test('a message that is not completed holds back the credit of its sender', async () => {
      const held: { message: ReceivedMessage; text: number[] }[] = [];
      const { front, pump } = await introduce({
        back: {
          onMessage: (message) => held.push({ message, text: [...message.body.subarray(0, message.length)] }),
        },
        quotas: { inFlight: 2 },
      });
      const sent: number[] = [];
      for (const number of [1, 2, 3]) front.post(bytes(number), () => sent.push(number));
      pump();
      expect([held.map(({ text }) => text), sent]).toEqual([[[1], [2]], []]);
      held[1]!.message.complete();
      pump();
      expect([held.map(({ text }) => text), sent]).toEqual([[[1], [2], [3]], [2]]);
      held[0]!.message.complete();
      held[2]!.message.complete();
      pump();
      expect(sent.toSorted()).toEqual([1, 2, 3]);
      expect(() => held[0]!.message.complete()).toThrow('twice');
    });

    test('[13] both directions progress while both are saturated with a quota of one', async () => {
      const { front, back, pump } = await introduce({ front: ECHO, back: ECHO, quotas: { inFlight: 1 } });
      const completed = { front: 0, back: 0 };
      for (let number = 0; number < 50; number++) {
        front.submit(front.transaction(), () => completed.front++);
        back.submit(back.transaction(), () => completed.back++);
      }
      for (let round = 0; round < 20; round++) pump();
      expect(completed).toEqual({ front: 50, back: 50 });
    });

    test('[15] an endpoint whose receiver stopped does not delay another', async () => {
      const stuck = await introduce({ back: { onTransaction() {} }, quotas: { inFlight: 1 } });
      const free = await introduce({ back: ECHO, quotas: { inFlight: 1 } });
      let late = 0;
      for (let number = 0; number < 10; number++) stuck.front.submit(stuck.front.transaction(), () => late++);
      for (let number = 0; number < 100; number++)
        expect((await free.front.call(bytes())).transport).toBe(TRANSPORT.ok);
      expect(late).toBe(0);
    });

    test('refuses what is too long, and a transaction that is under way', async () => {
      const { front } = await introduce({ quotas: { bodyBytes: 8 } });
      expect(() => front.post(new Uint8Array(9))).toThrow(RangeError);
      await expect(front.call(new Uint8Array(9))).rejects.toThrow(RangeError);
      const transaction = front.transaction();
      for (const length of [9, -1]) {
        transaction.parametersLength = length;
        expect(() => front.submit(transaction, () => {})).toThrow(RangeError);
      }
      transaction.parametersLength = 8;
      front.submit(transaction, () => {});
      expect(() => front.submit(transaction, () => {})).toThrow('before its completion');
    });
  });

  describe('batching and polling', () => {
    test('corked submissions wait for the last uncork, also while something arrives', async () => {
      const arrived: number[] = [];
      const { front, back, pump } = await introduce({
        back: {
          onMessage(message) {
            arrived.push(message.body[0]!);
            message.complete();
          },
        },
      });
      front.cork();
      front.cork();
      front.post(bytes(1));
      back.post(bytes(9));
      pump();
      front.uncork();
      front.post(bytes(2));
      pump();
      expect(arrived).toEqual([]);
      front.uncork();
      pump();
      expect(arrived).toEqual([1, 2]);
      expect(() => front.uncork()).toThrow('without a cork');
      front.post(bytes(3));
      pump();
      expect(arrived).toEqual([1, 2, 3]);
    });

    test('completes while the thread never yields', async () => {
      const { front, back } = await introduce({ back: ECHO });
      let completed = 0;
      for (let number = 0; number < 1000; number++) {
        front.submit(front.transaction(), () => completed++);
        for (let look = 0; completed <= number; look++) {
          if (look > 10) throw new Error('polling does not help');
          back.poll();
          front.poll();
        }
      }
      expect(completed).toBe(1000);
    });

    test('polling without a connection says so', async () => {
      const { front, ...parties } = await introduce();
      await parties.disconnect();
      const verdicts: number[] = [];
      front.submit(front.transaction(), ({ transport }) => {
        verdicts.push(transport);
        front.submit(front.transaction(), (next) => verdicts.push(next.transport));
      });
      expect(verdicts).toEqual([]);
      front.poll();
      expect(verdicts).toEqual([TRANSPORT.notConnected]);
      front.poll();
      expect(verdicts).toEqual([TRANSPORT.notConnected, TRANSPORT.notConnected]);
    });
  });
}
