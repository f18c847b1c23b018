// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createTrunk } from '../../../src/domain/trunk.ts';
import type { Port } from '../../../src/port.ts';

/** Both ends of a trunk over a real channel. */
function trunks() {
  const { port1, port2 } = new MessageChannel();
  return {
    near: createTrunk(port1),
    far: createTrunk(port2),
    [Symbol.dispose]: () => port1.close(),
  };
}

/** What arrives at a port. */
function hear(port: Port): unknown[] {
  const heard: unknown[] = [];
  port.on('message', (message: unknown) => void heard.push(message));
  port.once('close', () => void heard.push('closed'));
  return heard;
}

/** Until messages have crossed, there and back. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
}

test('messages of a line arrive on it, in order, and on no other', async () => {
  using all = trunks();
  const [one, two] = [hear(all.far.open(1)), hear(all.far.open(2))];
  const near = [all.near.open(1), all.near.open(2)] as const;
  near[0].postMessage('a');
  near[1].postMessage({ b: [1] });
  near[0].postMessage(undefined);
  await settle();
  expect([one, two]).toEqual([['a', undefined], [{ b: [1] }]]);
});

test('a line that one end closes is closed at both, and says nothing more', async () => {
  using all = trunks();
  const [near, far] = [all.near.open(1), all.far.open(1)];
  const other = hear(all.far.open(2));
  const heard = [hear(near), hear(far)];
  near.postMessage('last');
  near.close();
  expect(heard[0]).toEqual([]);
  near.postMessage('too late');
  far.postMessage('crosses it');
  await settle();
  far.postMessage('too late');
  near.close();
  await settle();
  expect(heard).toEqual([['closed'], ['last', 'closed']]);
  all.near.open(2).postMessage('still');
  await settle();
  expect(other).toEqual(['still']);
});

test('what comes for a line that is not open goes nowhere; its number may be used again', async () => {
  using all = trunks();
  const first = all.near.open(1);
  first.postMessage('nobody');
  await settle();
  first.close();
  await settle();
  const heard = hear(all.far.open(1));
  all.near.open(1).postMessage('somebody');
  await settle();
  expect(heard).toEqual(['somebody']);
});

test('the end of the port is the end of all lines', () => {
  using all = trunks();
  const heard = [hear(all.near.open(1)), hear(all.near.open(2))];
  all.near.end();
  expect(heard).toEqual([['closed'], ['closed']]);
});

test('what cannot be copied is refused where it is sent', () => {
  using all = trunks();
  const port = all.near.open(1);
  expect(() => port.postMessage(() => {})).toThrow(/could not be cloned/);
});

test('everything is delivered in the name of whoever the line belongs to', async () => {
  using all = trunks();
  const names: string[] = [];
  const run = (deliver: () => void): void => {
    names.push('in');
    deliver();
    names.push('out');
  };
  hear(all.far.open(1, run));
  const near = all.near.open(1);
  near.postMessage('a');
  near.close();
  await settle();
  expect(names).toEqual(['in', 'out', 'in', 'out']);
});
