// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type ReceivedTransaction, TRANSPORT } from '../../src/idc/contract.ts';
import { ECHO } from '../support/idc-endpoints.ts';
import type { Introduce } from './endpoint.ts';

const FOREVER = 60_000;

/** Rules 51 and 52: calls from code that does not yield. That they are answered is shown where the peer has its own thread. */
export function endpointPolled(introduce: Introduce): void {
  describe('polled calls', () => {
    test('without a connection say so at once, and leave nothing of an earlier answer', async () => {
      const { front, pump, disconnect } = await introduce({ back: ECHO });
      const transaction = front.transaction();
      transaction.parameters[0] = 9;
      transaction.parametersLength = 1;
      front.submit(transaction, () => {});
      pump();
      expect([transaction.error, transaction.statusLength]).toEqual([9, 1]);
      await disconnect();
      expect(front.callPolled(transaction, FOREVER)).toBe(TRANSPORT.notConnected);
      expect([transaction.transport, transaction.error, transaction.statusLength]).toEqual([2, 0, 0]);
    });

    test('end with their time; the transaction is free, and an answer that comes late is for nobody', async () => {
      const held: ReceivedTransaction[] = [];
      const { front, pump } = await introduce({
        back: { onTransaction: (one) => held.push(one) },
        quotas: { inFlight: 2 },
      });
      const transaction = front.transaction();
      // Two on their way, one that waits for them and is withdrawn: it never arrives.
      for (const name of [1, 2, 3]) {
        transaction.parameters[0] = name;
        transaction.parametersLength = 1;
        expect(front.callPolled(transaction, 2)).toBe(TRANSPORT.timedOut);
      }
      const answers: number[] = [];
      transaction.parameters[0] = 4;
      front.submit(transaction, ({ error }) => answers.push(error));
      pump();
      expect(held.map(({ parameters }) => parameters[0])).toEqual([1, 2]);
      held.shift()!.complete(11);
      pump();
      expect([answers, held.map(({ parameters }) => parameters[0])]).toEqual([[], [2, 4]]);
      held.pop()!.complete(44);
      pump();
      expect(answers).toEqual([44]);
      held.pop()!.complete(22);
      pump();
      expect(answers).toEqual([44]);
    });

    test('end at once when the peer is gone', async () => {
      const killed = await introduce();
      killed.killBack();
      expect(killed.front.callPolled(killed.front.transaction(), FOREVER)).toBe(TRANSPORT.disconnected);
    });

    test('take an answer that was the last thing the peer did', async () => {
      const { front, back, killBack } = await introduce({
        back: { onTransaction: (one) => one.complete(5) },
      });
      const transaction = front.transaction();
      let verdict = -1;
      // Asked before, so that the answer waits when the call begins.
      front.submit(transaction, ({ transport }) => {
        verdict = transport;
      });
      back.poll();
      killBack();
      expect(front.callPolled(front.transaction(), FOREVER)).toBe(TRANSPORT.disconnected);
      expect([verdict, transaction.error]).toEqual([TRANSPORT.ok, 5]);
    });

    test('answer what the peer asks meanwhile, and end with the connection', async () => {
      const { front, back, disconnect } = await introduce({
        front: {
          onTransaction(one) {
            one.complete(1);
            void front.disconnect();
          },
        },
      });
      back.submit(back.transaction(), () => {});
      const transaction = front.transaction();
      expect(front.callPolled(transaction, FOREVER)).toBe(TRANSPORT.disconnected);
      expect(front.state).toBe('disconnecting');
      await disconnect();
    });

    test('whose handlers throw give the transaction back', async () => {
      const { front, back } = await introduce({
        front: {
          onMessage() {
            throw new Error('handler');
          },
        },
        back: { onTransaction() {} },
      });
      back.post(new Uint8Array(1));
      const transaction = front.transaction();
      expect(() => front.callPolled(transaction, FOREVER)).toThrow('handler');
      expect(front.callPolled(transaction, 1)).toBe(TRANSPORT.timedOut);
    });
  });
}
