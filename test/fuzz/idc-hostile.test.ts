// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Quotas, TRANSPORT } from '../../src/idc/contract.ts';
import { createEndpoint } from '../../src/idc/endpoint.ts';
import { describeControl, initControl, layoutOf, type Side } from '../../src/idc/layout.ts';
import { createRingChannel } from '../../src/idc/ring-channel.ts';
import { RING_HEADER } from '../../src/ring/request-ring.ts';
import { ECHO } from '../support/idc-endpoints.ts';
import { SILENT_BELL } from '../support/idc-pairs.ts';

const QUOTAS: Quotas = { inFlight: 4, bodyBytes: 24, registrations: 2 };
const LAYOUT = layoutOf(QUOTAS);
const WORDS = LAYOUT.controlBytes / 4;
const SLOT_WORDS = LAYOUT.ring(new SharedArrayBuffer(0), 'front').slotBytes / 4;
const [REQ_PROD, RSP_PROD] = [0, 2];

/** One honest end over memory that somebody else may write; its bell is silent, so only `poll` makes it look. */
function victimOf(side: Side) {
  const control = new SharedArrayBuffer(LAYOUT.controlBytes);
  initControl(control, QUOTAS);
  const words = new Int32Array(control);
  const reasons: string[] = [];
  const received: { parametersLength: number }[] = [];
  const endpoint = createEndpoint({
    quotas: QUOTAS,
    onBroken: (reason) => reasons.push(reason),
    onTransaction(transaction) {
      received.push({ parametersLength: transaction.parametersLength });
      ECHO.onTransaction!(transaction);
    },
  });
  const connect = (): void => endpoint.connect(createRingChannel({ control, quotas: QUOTAS, side }, SILENT_BELL));
  endpoint.appear();
  connect();
  const ringWord = (requester: Side): number => LAYOUT.ring(control, requester).base / 4;
  return { endpoint, words, reasons, received, connect, ringWord };
}

const other = (side: Side): Side => (side === 'front' ? 'back' : 'front');

describe.each(['front', 'back'] as const)('the %s end', (side) => {
  /** Has the peer put a request with these header words. */
  function request(victim: ReturnType<typeof victimOf>, kind: number, id: number, length: number): void {
    const ring = victim.ringWord(other(side));
    const at = ring + RING_HEADER / 4 + (victim.words[ring + REQ_PROD]! & 3) * SLOT_WORDS;
    victim.words.set([kind, id, length], at);
    victim.words[ring + REQ_PROD]!++;
  }

  test.each([25, 28, 1000, 0x7fffffff, -1, -0x80000000])('breaks on a request of %i bytes', (length) => {
    const victim = victimOf(side);
    request(victim, 2, 7, length);
    victim.endpoint.poll();
    expect(victim.reasons).toEqual(['record longer than its slot']);
    expect(victim.received).toEqual([]);
  });

  test('takes the longest request', () => {
    const victim = victimOf(side);
    request(victim, 2, 7, 24);
    victim.endpoint.poll();
    expect([victim.reasons, victim.received]).toEqual([[], [{ parametersLength: 24 }]]);
  });

  test.each([0, 4, -1, 0x7fffffff])('breaks on a request of kind %i', (kind) => {
    const victim = victimOf(side);
    request(victim, kind, 7, 0);
    victim.endpoint.poll();
    expect(victim.reasons).toEqual([`unknown kind ${kind}`]);
  });

  test.each(['id', 'repeated', 'length'])('breaks on an answer with a wrong %s', (what) => {
    const victim = victimOf(side);
    const verdicts: number[] = [];
    for (let number = 0; number < 2; number++) {
      victim.endpoint.submit(victim.endpoint.transaction(), ({ transport }) => verdicts.push(transport));
    }
    const ring = victim.ringWord(side);
    const [first, second] = [0, 1].map((slot) => ring + RING_HEADER / 4 + slot * SLOT_WORDS);
    const good = victim.words[first! + 1]!;
    if (what === 'id') victim.words[first! + 1] = good ^ 0x100;
    if (what === 'repeated') victim.words[second! + 1] = good;
    if (what === 'length') victim.words[first! + 2] = 25;
    victim.words[ring + RSP_PROD] = 2;
    victim.endpoint.poll();
    expect(victim.reasons).toHaveLength(1);
    expect(verdicts).toEqual(what === 'repeated' ? [TRANSPORT.ok] : []);
  });

  test('[18] breaks once, stays silent, and completes everything when the introduction reacts', async () => {
    const victim = victimOf(side);
    const verdicts: number[] = [];
    for (let number = 0; number < 10; number++) {
      victim.endpoint.submit(victim.endpoint.transaction(), ({ transport }) => verdicts.push(transport));
    }
    victim.words[victim.ringWord(other(side)) + REQ_PROD] = 5;
    victim.endpoint.poll();
    victim.words[victim.ringWord(side) + RSP_PROD] = -1;
    victim.endpoint.poll();
    expect([victim.reasons, verdicts]).toEqual([['impossible ring index'], []]);
    await victim.endpoint.disconnect();
    expect(verdicts).toEqual(new Array(10).fill(TRANSPORT.disconnected));
  });

  test('[26] nothing the peer writes anywhere gets further than this connection', async () => {
    const word = fc.oneof(
      fc.nat(8),
      fc.integer({ min: -8, max: -1 }),
      fc.integer(),
      fc.constantFrom(1 << 31, 0x7fffffff),
    );
    const write = fc.tuple(
      fc.oneof(
        fc.nat(WORDS - 1),
        fc.nat(200).map((at) => at + 16),
      ),
      word,
    );
    const step = fc.oneof(fc.array(write, { minLength: 1, maxLength: 8 }), fc.constant('submit' as const));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const victim = victimOf(side);
        let [submitted, completed] = [0, 0];
        for (const one of steps) {
          if (one === 'submit') {
            submitted++;
            victim.endpoint.submit(victim.endpoint.transaction(), () => completed++);
          } else {
            for (const [at, value] of one) victim.words[at] = value;
          }
          victim.endpoint.poll();
          describeControl(victim.words.buffer);
        }
        expect(victim.reasons.length).toBeLessThanOrEqual(1);
        await victim.endpoint.disconnect();
        expect(completed).toBe(submitted);
        initControl(victim.words.fill(0).buffer, QUOTAS);
        victim.connect();
        for (let number = 0; number < QUOTAS.inFlight; number++) request(victim, 2, number, 4);
        const before = victim.received.length;
        const broken = victim.reasons.length;
        victim.endpoint.poll();
        expect([victim.received.length - before, victim.reasons.length]).toEqual([QUOTAS.inFlight, broken]);
      }),
      { numRuns: 400 },
    );
  });

  test('what a handler sees is its own, whatever happens to the slot', () => {
    const victim = victimOf(side);
    const ring = victim.ringWord(other(side));
    const at = ring + RING_HEADER / 4;
    let flips = 0;
    const flipping = createEndpoint({
      quotas: QUOTAS,
      onTransaction(transaction) {
        victim.words.fill(0x7fffffff, at, at + SLOT_WORDS);
        flips++;
        expect(transaction.parametersLength).toBe(4);
        expect([...transaction.parameters.subarray(0, 4)]).toEqual([1, 0, 0, 0]);
        transaction.complete(0, 4);
      },
    });
    flipping.appear();
    flipping.connect(createRingChannel({ control: victim.words.buffer, quotas: QUOTAS, side }, SILENT_BELL));
    victim.words.set([2, 7, 4, 0, 1], at);
    victim.words[ring + REQ_PROD] = 1;
    flipping.poll();
    expect(flips).toBe(1);
    expect([victim.words[at + 1], victim.words[at + 2]]).toEqual([7, 4]);
  });
});
