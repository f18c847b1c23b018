// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { keepLooking, type Looked } from '../../../src/xenstore/lane-polling.ts';

/** A lane that says these things, then sleeps. */
function lane(...says: Looked[]) {
  const found = { looks: 0 };
  keepLooking(() => {
    found.looks++;
    return says.shift() ?? 'sleep';
  });
  return found;
}

test('a lane is looked at until it sleeps', async () => {
  const one = lane('work', 'nothing', 'work');
  expect(one.looks).toBe(0);
  await nextTurn();
  await nextTurn();
  expect(one.looks).toBe(4);
  await nextTurn();
  expect(one.looks).toBe(4);
});

test('lanes are looked at in turns', async () => {
  const order: string[] = [];
  for (const name of ['a', 'b']) {
    let left = 3;
    keepLooking(() => {
      order.push(name);
      return --left > 0 ? 'work' : 'sleep';
    });
  }
  await nextTurn();
  await nextTurn();
  expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
});

test.each(['work', 'nothing'] as const)('the event loop turns while lanes say %s for ever', async (says) => {
  let awake = true;
  let looks = 0;
  keepLooking(() => {
    looks++;
    return awake ? says : 'sleep';
  });
  for (let turns = 0; turns < 10; turns++) await nextTurn();
  expect(looks).toBeGreaterThan(10);
  awake = false;
  await nextTurn();
  await nextTurn();
  const last = looks;
  await nextTurn();
  expect(looks).toBe(last);
});
