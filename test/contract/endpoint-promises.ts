// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Endpoint, type ReceivedTransaction, TRANSPORT } from '../../src/idc/contract.ts';
import { until } from '../support/hv-machine.ts';
import type { Introduce } from './endpoint.ts';

/** The promise layer beside `connected` and `call`, and rule 35. */
export function endpointPromises(introduce: Introduce): void {
  describe('promises', () => {
    /** Takes messages until the endpoint ends, each when `gate` lets it. */
    function listen(endpoint: Endpoint, gate: () => Promise<unknown> = async () => {}) {
      const heard: string[] = [];
      const messages = endpoint.messages();
      const over = (async () => {
        for await (const body of messages) {
          heard.push(String(body));
          await gate();
        }
        heard.push('over');
      })();
      return { heard, over };
    }

    test('messages are taken in a loop, whose pace is the sender’s', async () => {
      const steps: (() => void)[] = [];
      const { front, back } = await introduce({ quotas: { inFlight: 2 } });
      const { heard } = listen(back, () => new Promise<void>((resolve) => steps.push(resolve)));
      const sent: number[] = [];
      for (const number of [1, 2, 3, 4]) void front.send(Uint8Array.of(number, 9)).then(() => sent.push(number));
      await until(() => front.health().queued === 2 && back.health().held === 2 && steps.length === 1);
      expect([heard, sent]).toEqual([['1,9'], []]);
      for (let step = 0; step < 4; step++) {
        await until(() => steps.length > step);
        steps[step]!();
      }
      await until(() => sent.length === 4);
      expect([heard, sent]).toEqual([
        ['1,9', '2,9', '3,9', '4,9'],
        [1, 2, 3, 4],
      ]);
    });

    test('a loop goes on in the next connection, without what the last one left, and ends with the endpoint', async () => {
      const gates: (() => void)[] = [];
      const { front, back, pump, disconnect, connect } = await introduce({ quotas: { inFlight: 4 } });
      const { heard, over } = listen(back, () => new Promise<void>((resolve) => gates.push(resolve)));
      const verdicts = [1, 2, 3].map((number) => front.send(Uint8Array.of(number)));
      pump();
      await until(() => gates.length === 1);
      await disconnect();
      expect(await Promise.all(verdicts)).toEqual(new Array(3).fill(TRANSPORT.disconnected));
      await connect();
      const sent = front.send(Uint8Array.of(4));
      gates[0]!();
      await until(() => gates.length === 2);
      gates[1]!();
      expect(await sent).toBe(TRANSPORT.ok);
      back.destroy();
      await over;
      expect(heard).toEqual(['1', '4', 'over']);
    });

    test('a loop that is left gives back what it had, and two loops share', async () => {
      const { front, back } = await introduce({ quotas: { inFlight: 1 } });
      const heard: number[] = [];
      const first = (async () => {
        for await (const body of back.messages()) {
          heard.push(body[0]!);
          break;
        }
      })();
      expect(await front.send(Uint8Array.of(1))).toBe(TRANSPORT.ok);
      await first;
      const both = [listen(back), listen(back)];
      for (const number of [2, 3, 4]) expect(await front.send(Uint8Array.of(number))).toBe(TRANSPORT.ok);
      await nextTurn();
      expect([heard, both.flatMap((loop) => loop.heard).toSorted()]).toEqual([[1], ['2', '3', '4']]);
    });
  });

  describe('health', () => {
    test('counts what is on its way, what waits, what is held, and what failed', async () => {
      const held: ReceivedTransaction[] = [];
      const { front, back, pump, disconnect, connect } = await introduce({
        back: { onTransaction: (one) => held.push(one) },
        quotas: { inFlight: 2 },
      });
      const none = { inFlight: 0, queued: 0, oldest: 0, held: 0, sent: 0, received: 0, failed: 0, registered: 0 };
      expect([front.health(), back.health()]).toEqual([none, none]);
      for (let number = 0; number < 5; number++) front.submit(front.transaction(), () => {});
      pump();
      expect(front.health()).toMatchObject({ inFlight: 2, queued: 3, sent: 2, failed: 0 });
      expect(back.health()).toMatchObject({ held: 2, received: 2 });
      held.shift()!.complete(0);
      pump();
      expect(front.health()).toMatchObject({ inFlight: 2, queued: 2, sent: 3 });
      expect(front.callPolled(front.transaction(), 1)).toBe(TRANSPORT.timedOut);
      await disconnect();
      expect(front.health()).toMatchObject({ inFlight: 0, queued: 0, oldest: 0, sent: 3, failed: 5 });
      await connect();
      expect(back.health()).toMatchObject({ held: 0, received: 3 });
    });

    test('the oldest grows between readings until it is answered', async () => {
      const held: ReceivedTransaction[] = [];
      const { front, pump } = await introduce({
        back: { onTransaction: (one) => held.push(one) },
        quotas: { inFlight: 2 },
      });
      front.submit(front.transaction(), () => {});
      pump();
      expect(front.health().oldest).toBe(0);
      await until(() => front.health().oldest > 1);
      held.shift()!.complete(0);
      pump();
      expect(front.health().oldest).toBe(0);
    });
  });
}
