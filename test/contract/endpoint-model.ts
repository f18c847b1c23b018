// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Quotas, type ReceivedMessage, TRANSPORT } from '../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../src/idc/endpoint.ts';
import { until } from '../support/hv-machine.ts';
import { ECHO } from '../support/idc-endpoints.ts';
import type { ChannelPair, MakePair } from '../support/idc-pairs.ts';

const QUOTAS: Quotas = { inFlight: 2, bodyBytes: 16, registrations: 1 };

/**
 * `(appear (connect disconnect)* disappear)*` and the end, or a beginning of it, one letter each: Appear, Connect, Disconnect,
 * done, disappear (Z), eXtinct; message and transaction only while connected.
 */
const GRAMMAR = /^(A(C[mt]*Dd)*Z)*(X|A(C[mt]*Dd)*(C[mt]*(Dd?)?)?)?$/;

const STEPS = {
  appear: 2,
  connect: 4,
  disconnect: 3,
  letGo: 4,
  disappear: 1,
  destroy: 1,
  submit: 6,
  peerPosts: 4,
  complete: 3,
  poll: 3,
  yield: 3,
} as const;
type Step = keyof typeof STEPS;

interface Subject {
  readonly endpoint: EndpointControl;
  readonly letters: string[];
  /** Disconnects that the user has not completed. */
  readonly holding: (() => void)[];
  readonly held: ReceivedMessage[];
  /** For each submission how often it was completed. */
  readonly completions: number[];
  /** The connection that each submission was made in; 0 without. */
  readonly submittedIn: number[];
}

function createSubject(): Subject {
  const subject: Omit<Subject, 'endpoint'> = { letters: [], holding: [], held: [], completions: [], submittedIn: [] };
  const { letters, holding, held } = subject;
  const endpoint = createEndpoint({
    quotas: QUOTAS,
    onAppear: () => letters.push('A'),
    onConnect: () => letters.push('C'),
    onDisconnect(done) {
      letters.push('D');
      expect(subject.completions.filter((count, index) => subject.submittedIn[index]! > 0 && count !== 1)).toEqual([]);
      holding.push(() => {
        letters.push('d');
        done();
      });
    },
    onDisappear: () => letters.push('Z'),
    onMessage(message) {
      letters.push('m');
      held.push(message);
    },
  });
  return { ...subject, endpoint };
}

/** Runs random histories against a real channel and checks each against the grammar. */
export async function checkLifeModel(makePair: MakePair): Promise<void> {
  const steps = fc.array(
    fc.oneof(...Object.entries(STEPS).map(([step, weight]) => ({ weight, arbitrary: fc.constant(step as Step) }))),
    {
      maxLength: 60,
      size: 'max',
    },
  );
  await fc.assert(
    fc.asyncProperty(steps, (history) => run(history, makePair)),
    { numRuns: 60 },
  );
}

async function run(history: readonly Step[], makePair: MakePair): Promise<void> {
  const subject = createSubject();
  const { endpoint, letters, holding, held, completions, submittedIn } = subject;
  const pairs: ChannelPair[] = [];
  let peer = createEndpoint({ quotas: QUOTAS, ...ECHO });
  let destroyed = false;

  const actions: Readonly<Record<Step, () => Promise<void> | void>> = {
    appear: () => endpoint.appear(),
    async connect() {
      const pair = await makePair(QUOTAS);
      pairs.push(pair);
      endpoint.connect(pair.front);
      // Each connection meets a new peer, which has nothing to do with the last.
      peer = createEndpoint({ quotas: QUOTAS, ...ECHO });
      peer.appear();
      peer.connect(pair.back);
    },
    disconnect: () => void endpoint.disconnect(),
    async letGo() {
      holding.shift()?.();
      await nextTurn();
    },
    disappear: () => endpoint.disappear(),
    destroy() {
      destroyed = true;
      endpoint.destroy(() => {
        expect(completions.every((count) => count === 1)).toBe(true);
        letters.push('X');
      });
    },
    submit() {
      const index = completions.push(0) - 1;
      submittedIn.push(endpoint.state === 'connected' ? endpoint.incarnation : 0);
      endpoint.submit(endpoint.transaction(), ({ transport }) => {
        completions[index]!++;
        expect(transport === TRANSPORT.notConnected).toBe(submittedIn[index] === 0);
        if (transport === TRANSPORT.ok) expect(endpoint.incarnation).toBe(submittedIn[index]);
      });
    },
    peerPosts: () => peer.post(new Uint8Array(3)),
    complete: () => held.shift()?.complete(),
    poll() {
      peer.poll();
      endpoint.poll();
    },
    yield: async () => {
      await nextTurn();
    },
  };
  const legal: Partial<Record<Step, () => boolean>> = {
    appear: () => endpoint.state === 'absent' || destroyed,
    connect: () => endpoint.state === 'present' || destroyed,
    disappear: () => endpoint.state === 'present' || destroyed,
    destroy: () => !destroyed,
    // After the end nothing is promised but that it completes.
    submit: () => endpoint.state !== 'destroyed',
  };

  for (const step of history) {
    if (legal[step]?.() ?? true) await actions[step]();
    expect(letters.join('')).toMatch(GRAMMAR);
  }
  if (!destroyed) actions.destroy();
  await until(() => {
    holding.shift()?.();
    return endpoint.state === 'destroyed';
  });
  for (const message of held) message.complete();
  await nextTurn();
  expect(letters.join('')).toMatch(GRAMMAR);
  expect(letters.at(-1)).toBe('X');
  expect(completions.every((count) => count === 1)).toBe(true);
  for (const pair of pairs) await pair.end();
}
