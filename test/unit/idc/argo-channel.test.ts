// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { closeLine, openLine } from '../../../src/idc/argo-line.ts';
import type { Quotas } from '../../../src/idc/contract.ts';
import { createEndpoint } from '../../../src/idc/endpoint.ts';
import { until } from '../../support/hv-machine.ts';
import { APORT, type ArgoPair, argoPair, BACK, FRONT } from '../../support/idc-pairs.ts';
import { createRecorder, pattern, type Recorder, record } from '../../support/idc-recorder.ts';

const QUOTAS: Quotas = { inFlight: 4, bodyBytes: 40, registrations: 1 };
const PROTOCOL = 0x31434449;

const pairs: ArgoPair[] = [];

afterEach(async () => {
  for (const pair of pairs.splice(0)) await pair.end();
});

async function pair(quotas = QUOTAS): Promise<ArgoPair & { readonly sink: Recorder }> {
  const made = await argoPair(quotas);
  pairs.push(made);
  const sink = createRecorder();
  made.front.open(sink);
  return { ...made, sink };
}

/** Says something to the front end's ring that its channel did not. */
function say({ machine, lines }: ArgoPair, bytes: Uint8Array, type = PROTOCOL, from = lines.back.ring.aport): void {
  expect(machine.dom(BACK).argo.sendv(from, lines.back.to, [bytes], type)).toBe(bytes.length);
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

describe('a peer that breaks the protocol breaks this connection, visibly', () => {
  test.each([
    ['a record that is cut short', words(1, 2, 0), PROTOCOL],
    ['a body longer than the quota', words(1, 2, 41, 0, ...new Array<number>(12).fill(0)), PROTOCOL],
    ['a body longer than its message', words(1, 2, 17, 0, 0, 0, 0, 0), PROTOCOL],
    ['a length of 2^32 - 1', words(1, 2, -1, 0), PROTOCOL],
    ['a record that is neither request nor reply', words(1, 2, 0, 2), PROTOCOL],
    ['an empty message', words(), PROTOCOL],
    ['a message of another type', words(1, 2, 0, 0), 7],
  ])('%s', async (_, bytes, type) => {
    const made = await pair();
    say(made, bytes, type);
    await until(() => made.sink.reasons.length === 1);
    expect(made.sink.requests).toEqual([]);
    made.front.poll();
    expect(made.sink.reasons).toHaveLength(1);
  });

  test('a message from another of its ports', async () => {
    const made = await pair();
    say(made, words(1, 2, 0, 0), PROTOCOL, 99);
    await until(() => made.sink.reasons.length === 1);
  });

  test('a good record before a bad one is delivered, none behind it', async () => {
    const made = await pair();
    say(made, words(1, 5, 0, 0, 1, 6, 0, 9, 1, 7, 0, 0));
    await until(() => made.sink.reasons.length === 1);
    expect(made.sink.requests).toEqual([{ id: 5, head: 1, bytes: [] }]);
  });

  test('whatever it says, what is delivered keeps within the quotas', async () => {
    const made = await pair();
    const word = fc.oneof(fc.integer({ min: -1, max: 48 }), fc.integer());
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 30 }), async (values) => {
        const { sink, ...fresh } = made.sink.reasons.length > 0 ? await pair() : made;
        say(fresh, words(...values));
        fresh.front.poll();
        for (const { bytes } of [...sink.requests, ...sink.replies]) expect(bytes.length).toBeLessThanOrEqual(40);
      }),
      { numRuns: 100 },
    );
  });

  test('a flood of requests beyond the quota', async () => {
    const made = await argoPair(QUOTAS);
    pairs.push(made);
    const reasons: string[] = [];
    const endpoint = createEndpoint({
      quotas: QUOTAS,
      onTransaction: () => {},
      onBroken: (reason) => reasons.push(reason),
    });
    endpoint.appear();
    endpoint.connect(made.front);
    say(made, words(...Array.from({ length: 5 }, (_, id) => [2, id, 0, 0]).flat()));
    endpoint.poll();
    expect(reasons).toEqual(['more requests than the quota']);
  });

  test('one that asks and never takes the answers', async () => {
    const made = await pair();
    for (let id = 0; made.sink.reasons.length === 0; id++) {
      expect(id).toBeLessThan(100);
      say(made, words(2, id, 0, 0));
      made.front.poll();
      made.front.putReply(id, 0, record(pattern(id, 40)), 40);
      made.front.flush();
    }
    expect(made.sink.reasons).toEqual(['the peer does not take what it is owed']);
  });

  test('one whose ring is smaller than was agreed', async () => {
    const made = await pair();
    const { argo } = made.machine.dom(BACK);
    const { ring, to } = made.lines.back;
    await argo.unregister(ring.aport, FRONT);
    await argo.register(ring.aport, FRONT, 48);
    await made.machine.dom(FRONT).argo.resolve({ domid: BACK, aport: ring.aport });
    expect(to.aport).toBe(APORT);
    made.front.putRequest(2, 1, record(pattern(1, 40)), 40);
    made.front.flush();
    expect(made.sink.reasons).toEqual(['the peer has too small a ring']);
  });
});

describe('room', () => {
  test('is there for all that the quotas allow, in messages of its own each, while the peer sleeps', async () => {
    const made = await pair();
    made.back.open(createRecorder());
    for (let id = 0; id < 4; id++) {
      made.back.putRequest(2, id, record(pattern(id, 40)), 40);
      made.back.flush();
    }
    made.front.poll();
    for (let id = 0; id < 4; id++) {
      made.front.putReply(id, 0, record(pattern(id, 40)), 40);
      made.front.flush();
      made.front.putRequest(2, id, record(pattern(id, 40)), 40);
      made.front.flush();
    }
    const { ring } = made.lines.back;
    let messages = 0;
    while (ring.receive()) messages++;
    expect(messages).toBe(8);
  });

  test('does not cost a message each when they are flushed together', async () => {
    const made = await pair();
    for (let id = 0; id < 4; id++) made.front.putRequest(2, id, record([]), 0);
    made.front.flush();
    const { ring } = made.lines.back;
    expect(ring.receive()?.length).toBe(64);
    expect(ring.receive()).toBeUndefined();
  });

  test('that the domain has not is refused before anything is there', async () => {
    const made = await pair();
    const poor = made.machine.add(3, 0);
    const terms = { domid: FRONT, aport: 8, quotas: QUOTAS, side: 'front' } as const;
    await expect(openLine(poor, terms)).rejects.toMatchObject({ code: 'ENOMEM' });
    const huge = { ...terms, quotas: { ...QUOTAS, inFlight: 1 << 20 } };
    await expect(openLine(made.machine.dom(FRONT), huge)).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

describe('an end', () => {
  test('of the peer: what is put goes nowhere, what had come is delivered, the ring goes back', async () => {
    const made = await pair();
    made.back.open(createRecorder());
    made.back.putRequest(2, 9, record([1]), 1);
    made.back.flush();
    made.machine.hv.destroyDomain(BACK);
    for (let id = 0; id < 4; id++) made.front.putRequest(2, id, record([]), 0);
    made.front.flush();
    await until(() => made.sink.requests.length === 1);
    made.front.putReply(9, 0, record([]), 0);
    made.front.flush();
    await made.machine.dom(FRONT).argo.resolve(made.lines.front.to);
    made.front.flush();
    expect(made.sink.reasons).toEqual([]);
    made.front.close();
    await closeLine(made.machine.dom(FRONT), made.lines.front);
    expect(made.machine.hv.usage(FRONT)).toMatchObject({ pages: 0, rings: 0 });
  });

  test('of this one needs nobody, and disturbs nobody: the peer keeps sending into nothing', async () => {
    const made = await pair();
    const sink = createRecorder();
    made.back.open(sink);
    made.front.close();
    await closeLine(made.machine.dom(FRONT), made.lines.front);
    expect(made.machine.hv.usage(FRONT)).toMatchObject({ pages: 0, rings: 0 });
    const left = new Uint8Array(made.lines.front.ring.buffer).slice();
    for (let id = 0; id < 4; id++) {
      made.back.putRequest(2, id, record([]), 0);
      made.back.flush();
      made.back.poll();
    }
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect(Buffer.compare(left, new Uint8Array(made.lines.front.ring.buffer))).toBe(0);
    expect(sink.reasons).toEqual([]);
  });
});
