// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type ReceivedMessage, type ReceivedTransaction, TRANSPORT } from '../../src/idc/contract.ts';
import type { Introduce } from './endpoint.ts';

/** Rules 25 to 32 and 47: what an ended connection leaves behind, which is nothing. */
export function endpointDisconnects(introduce: Introduce): void {
  describe('disconnect', () => {
    test('completes everything in both directions, sent or queued, before it is announced', async () => {
      const held: (ReceivedTransaction | ReceivedMessage)[] = [];
      const keep = {
        onTransaction: (one: ReceivedTransaction) => held.push(one),
        onMessage: (one: ReceivedMessage) => held.push(one),
      };
      const verdicts: Record<string, number[]> = { front: [], back: [] };
      const seen: Record<string, number> = {};
      const { front, back, pump, disconnect } = await introduce({
        front: {
          ...keep,
          onDisconnect(done) {
            seen.front = verdicts.front!.length;
            done();
          },
        },
        back: {
          ...keep,
          onDisconnect(done) {
            seen.back = verdicts.back!.length;
            done();
          },
        },
        quotas: { inFlight: 4 },
      });
      for (const [name, endpoint] of Object.entries({ front, back })) {
        for (let number = 0; number < 5; number++) {
          endpoint.submit(endpoint.transaction(), ({ transport }) => verdicts[name]!.push(transport));
          endpoint.post(new Uint8Array(1), (transport) => verdicts[name]!.push(transport));
        }
      }
      pump();
      expect(held).toHaveLength(8);
      await disconnect();
      expect(seen).toEqual({ front: 10, back: 10 });
      expect(new Set([...verdicts.front!, ...verdicts.back!])).toEqual(new Set([TRANSPORT.disconnected]));
      for (const one of held) one.complete(0);
    });

    test('[9] an answer that comes late is accepted, thrown away, and never reaches the next connection', async () => {
      const held: ReceivedTransaction[] = [];
      const { front, pump, disconnect, connect } = await introduce({
        back: { onTransaction: (transaction) => held.push(transaction) },
        quotas: { inFlight: 1 },
      });
      const verdicts: number[][] = [];
      const submit = (): void =>
        front.submit(front.transaction(), ({ transport, error }) => verdicts.push([transport, error]));
      submit();
      pump();
      await disconnect();
      await connect();
      submit();
      pump();
      const [old, current] = held;
      expect(held).toHaveLength(2);
      old!.complete(111);
      pump();
      expect(verdicts).toEqual([[TRANSPORT.disconnected, 0]]);
      expect(() => old!.complete(111)).toThrow('twice');
      current!.complete(222);
      pump();
      expect(verdicts).toEqual([
        [TRANSPORT.disconnected, 0],
        [TRANSPORT.ok, 222],
      ]);
    });

    test('[9] what a user still holds, for ever, takes nothing from the quota of later connections', async () => {
      const held: ReceivedTransaction[] = [];
      const broken: string[] = [];
      const { front, pump, disconnect, connect, ...parties } = await introduce({
        back: { onTransaction: (transaction) => held.push(transaction) },
        quotas: { inFlight: 2 },
      });
      for (let cycle = 1; cycle <= 5; cycle++) {
        const expected = held.length + 2;
        for (let number = 0; number < 2; number++) front.submit(front.transaction(), () => {});
        pump();
        expect(held).toHaveLength(expected);
        await disconnect();
        // One is given back in the meantime, one is kept.
        held.at(-1)!.complete(0);
        await connect();
      }
      expect([broken, parties.back.incarnation]).toEqual([[], 6]);
    });

    test('the status of an earlier answer does not show in a failure', async () => {
      const { front, pump, disconnect, connect } = await introduce({
        back: {
          onTransaction(transaction) {
            transaction.status.fill(7);
            transaction.complete(3, 4);
          },
        },
      });
      const transaction = front.transaction();
      const verdicts: number[][] = [];
      const submit = (): void =>
        front.submit(transaction, ({ transport, error, statusLength }) =>
          verdicts.push([transport, error, statusLength]),
        );
      submit();
      pump();
      submit();
      await disconnect();
      await connect();
      expect(verdicts).toEqual([
        [TRANSPORT.ok, 3, 4],
        [TRANSPORT.disconnected, 0, 0],
      ]);
    });

    test('what was answered before the handler ended the connection arrives', async () => {
      const verdicts: number[][] = [];
      const { front, back, pump } = await introduce({
        back: {
          onTransaction(transaction) {
            transaction.complete(8);
            back.destroy();
          },
        },
      });
      front.submit(front.transaction(), ({ transport, error }) => verdicts.push([transport, error]));
      pump();
      expect(verdicts).toEqual([[TRANSPORT.ok, 8]]);
    });

    test('connections in quick succession never mix, with work in flight at each end', async () => {
      const { front, back, pump, disconnect, connect } = await introduce({
        front: { onTransaction: (one) => one.complete(back.incarnation) },
        back: { onTransaction: (one) => one.complete(front.incarnation) },
        quotas: { inFlight: 2 },
      });
      const verdicts: number[] = [];
      let submitted = 0;
      for (let cycle = 1; cycle <= 100; cycle++) {
        for (const endpoint of [front, back]) {
          for (let number = 0; number < 3; number++) {
            submitted++;
            endpoint.submit(endpoint.transaction(), ({ transport, error }) => {
              verdicts.push(transport);
              if (transport === TRANSPORT.ok) expect(error).toBe(cycle);
            });
          }
        }
        if (cycle % 2) back.poll();
        if (cycle % 3) pump();
        await disconnect();
        await connect();
      }
      expect(verdicts).toHaveLength(submitted);
      expect(new Set(verdicts)).toEqual(new Set([TRANSPORT.ok, TRANSPORT.disconnected]));
    });
  });
}
