// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type Defects, exploreAll, newDeadlockWorld, type Topology } from '../support/idc-deadlock-model.ts';

const explore = (topology: Topology, defects?: Defects) => exploreAll(() => newDeadlockWorld(topology, defects));

/** Each end of one connection is a client of the other's service. */
const symmetric: Topology = { links: [['vbd', 'A', 'B']], routes: [['vbd@A'], ['vbd@B']], calls: 3, inFlight: 1 };

/** Back ends on back ends. Not only the topmost domain has requests of its own: each connection is saturated by two. */
function stack(backEnds: number, calls: number, inFlight: number): Topology {
  const hops = Array.from({ length: backEnds }, (_, hop) => hop);
  const down = hops.map((hop) => `L${hop}@D${hop}`);
  return {
    links: hops.map((hop) => [`L${hop}`, `D${hop}`, `D${hop + 1}`]),
    routes: hops.map((hop) => down.slice(hop)),
    calls,
    inFlight,
  };
}

/** The same, but the last back end is in the first domain. */
function cycle(backEnds: number, calls: number): Topology {
  const { links, ...rest } = stack(backEnds, calls, 1);
  const last = backEnds - 1;
  return { ...rest, links: [...links.slice(0, -1), [`L${last}`, `D${last}`, 'D0']] };
}

/** A cycle, and over its first connections each back end is a client of its front end too. */
function cycleWithReverse(backEnds: number, reverse: number): Topology {
  const { routes, ...rest } = cycle(backEnds, 1);
  const back = Array.from({ length: reverse }, (_, hop) => [`L${hop}@D${hop + 1}`]);
  return { ...rest, routes: [...routes, ...back] };
}

/** From A to B and back, twice, through a connection for each level. */
const zigzag: Topology = {
  links: ['L0', 'L1', 'L2'].map((link) => [link, 'A', 'B']),
  routes: [
    ['L0@A', 'L1@B', 'L2@A'],
    ['L0@B', 'L1@A', 'L2@B'],
  ],
  calls: 2,
  inFlight: 1,
};

describe('every order of events of real endpoints, with handlers that answer late, comes to an end', () => {
  test.each([
    ['[13] symmetric pair, quota 1', symmetric],
    ['[13] symmetric pair, quota 2', { ...symmetric, inFlight: 2, calls: 4 }],
    ['[14] a stack of three back ends, quota 2', stack(3, 2, 2)],
    ['[14] a stack of five back ends, quota 1', stack(5, 2, 1)],
    ['[14] a cycle of five back ends, quota 1', cycle(5, 2)],
    ['[14] a cycle of five, its first two connections used in reverse too', cycleWithReverse(5, 2)],
    ['[14] to and fro between two domains, a connection for each level', zigzag],
  ])('%s', (_name, topology) => {
    const { states, final, stuck } = explore(topology);
    expect(stuck).toBeUndefined();
    expect(final).toBe(1);
    expect(states).toBeGreaterThan(60);
  });
});

describe('a deadlock is found', () => {
  test('when a reply has no slot of its own', () => {
    expect(explore(symmetric, { sharedCredit: true }).stuck).not.toBeUndefined();
  });

  test('when endpoints of a domain share the places for what they receive', () => {
    expect(explore(zigzag, { sharedPlaces: true }).stuck).not.toBeUndefined();
  });

  test('when one connection carries all levels', () => {
    const one = (route: readonly string[]) => route.map((end) => end.replace(/L./, 'L0'));
    expect(explore({ ...zigzag, routes: zigzag.routes.map(one) }).stuck).not.toBeUndefined();
  });
});
