// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { seededRandom } from '../support/random.ts';
import {
  advance,
  bounce,
  breakChannel,
  checkSettled,
  checkWorld,
  copyWorld,
  crash,
  enabled,
  newWorld,
  type World,
} from '../support/rendezvous-model.ts';

const SIDES = [0, 1] as const;
type Disruption = (world: World, at: 0 | 1) => void;

const disruptions: Readonly<Record<string, Disruption>> = {
  bounce,
  crash,
  breakChannel,
  stick(world, at) {
    world.sides[at].stuck = true;
  },
};

/** What the future depends on. */
function keyOf({ sides, store }: World): string {
  return JSON.stringify([sides, store]);
}

/**
 * Visits every world that can come about when up to `budget` disruptions strike, at any of the steps of either end.
 * @returns how many there are, and in how many of them nothing is left to do
 */
function explore(start: World, budget: number, strikes: readonly Disruption[]): { worlds: number; settled: number } {
  const seen = new Set<string>();
  const open: { readonly world: World; readonly left: number }[] = [{ world: start, left: budget }];
  let settled = 0;
  const visit = (from: World, left: number, change: Disruption, at: 0 | 1): void => {
    const world = copyWorld(from);
    change(world, at);
    checkWorld(world);
    const key = `${left}${keyOf(world)}`;
    if (seen.has(key)) return;
    seen.add(key);
    open.push({ world, left });
  };
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { world, left } = next;
    const active = SIDES.filter((at) => enabled(world, at));
    // An end that goes on for ever would count its incarnations up.
    for (const { own } of world.sides) expect(own.incarnation).toBeLessThan(20);
    for (const at of active) visit(world, left, advance, at);
    if (left > 0) for (const strike of strikes) for (const at of SIDES) visit(world, left - 1, strike, at);
    if (active.length > 0) continue;
    settled++;
    checkSettled(world);
  }
  return { worlds: seen.size, settled };
}

test.each(Object.keys(disruptions))('all interleavings of two ends with a %s of either at any step', (name) => {
  const { worlds, settled } = explore(newWorld([1, 2]), 1, [disruptions[name]!]);
  expect(worlds).toBeGreaterThan(50);
  expect(settled).toBeGreaterThan(0);
});

test('[11] all interleavings with two disruptions of different kinds', () => {
  const { worlds } = explore(newWorld([1, 2]), 2, Object.values(disruptions));
  expect(worlds).toBeGreaterThan(1000);
});

test('all interleavings of a loopback that is disrupted once', () => {
  const { worlds } = explore(newWorld([1, 1]), 1, Object.values(disruptions));
  expect(worlds).toBeGreaterThan(50);
});

/** Lets both ends go on in a random order until nothing is left to do. */
function settle(world: World, below: (limit: number) => number): void {
  for (let steps = 0; ; steps++) {
    expect(steps).toBeLessThan(1000);
    const active = SIDES.filter((at) => enabled(world, at));
    if (active.length === 0) break;
    advance(world, active[below(active.length)]!);
    checkWorld(world);
  }
  checkSettled(world);
}

test.each([1, 2, 3])('[1] ten thousand bounces, crashes and breaks, faster than either end looks (seed %i)', (seed) => {
  const random = seededRandom(seed);
  const world = newWorld(seed === 3 ? [1, 1] : [2, 1]);
  for (let round = 0; round < 10_000; round++) {
    // Any number of steps of either end, some of them looks for no reason; none at all quite often.
    for (let steps = (random.below(12) ** 2) >> 2; steps > 0; steps--) {
      advance(world, SIDES[random.below(2)]!);
      checkWorld(world);
    }
    const kind = random.below(10);
    const strike = kind < 7 ? bounce : kind < 9 ? breakChannel : crash;
    strike(world, SIDES[random.below(2)]!);
    if (round % 20 === 0) settle(world, random.below);
  }
  settle(world, random.below);
  const [left, right] = world.reached;
  const both = left.filter((id) => right.includes(id));
  // Each end has connections that the other never reached; those that both reached came in the same order.
  expect(right.filter((id) => left.includes(id))).toEqual(both);
  expect(both.length).toBeGreaterThan(500);
});
