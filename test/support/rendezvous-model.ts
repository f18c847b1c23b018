// SPDX-License-Identifier: Apache-2.0
import {
  after,
  decide,
  idOf,
  type Level,
  levelOf,
  newEnd,
  type Offer,
  type Own,
  PLANS,
  peerOf,
  refuse,
  type Step,
} from '../../src/idc/rendezvous-machine.ts';

/** Memory of one connection. A reference is the index of what is granted at present; it is used again. */
interface Memory {
  readonly tag: string;
  mapped: boolean;
}

/** One of the places where an end may be: its domain's life, and what this life holds. */
export interface Side {
  readonly domid: number;
  own: Own;
  ticket: number;
  /** What is left of the plan, and the peer's level on which it rests. */
  todo: readonly Step[];
  seen: Level | undefined;
  /** Last notification of the endpoint that is there now: appear, connect, disconnect or disappear (x). */
  told: Letter;
  memory: Memory | undefined;
  offer: Offer | undefined;
  /** What this side has granted, by reference; a granter's. */
  grants: (Memory | undefined)[];
  /** Granted, no longer wanted, still mapped. */
  parked: Memory[];
  /** A watch fired, and nobody has looked at the levels since, or at what is parked. */
  news: boolean;
  rung: boolean;
  leaving: boolean;
  broken: boolean;
  /** The user does not let go. */
  stuck: boolean;
  /** Its thread has ended; its mappings and nodes go a little later, one after the other. */
  dead: 'no' | 'thread' | 'node';
  births: number;
}

/** Two places, and the store between them. */
export interface World {
  readonly sides: readonly [Side, Side];
  /** Latest level of each side, or nothing. */
  readonly store: [Level | undefined, Level | undefined];
  /** Connections that each side has reached, oldest first: both ids, granter first. */
  readonly reached: [string[], string[]];
}

type Letter = '' | 'a' | 'c' | 'd' | 'x';

/** What may be told after what. */
const GRAMMAR: Readonly<Record<Letter, string>> = { '': 'a', a: 'cx', c: 'd', d: 'cx', x: 'a' };

function newSide(domid: number, births: number): Side {
  return {
    ...{ domid, own: newEnd(domid, `${domid}-${births}`), ticket: births, births },
    ...{ todo: ['publish'], seen: undefined, told: '', memory: undefined, offer: undefined, grants: [], parked: [] },
    ...{ news: true, rung: false, leaving: false, broken: false, stuck: false, dead: 'no' },
  };
}

/** Two ends that have just been made. With equal ids it is a loopback. */
export function newWorld(domids: readonly [number, number]): World {
  const [first, second] = domids;
  return {
    sides: [newSide(first, 1), newSide(second, first === second ? 2 : 1)],
    store: [undefined, undefined],
    reached: [[], []],
  };
}

/** A copy that shares nothing that changes. */
export function copyWorld(world: World): World {
  return structuredClone(world);
}

const other = (at: 0 | 1): 0 | 1 => (at === 0 ? 1 : 0);

function fail(world: World, text: string): never {
  throw new Error(`${text}\n${JSON.stringify(world, undefined, 1)}`);
}

function level(side: Side): Level {
  return { ...levelOf(side.own), ticket: side.ticket, misfit: '', offer: side.offer, guest: undefined };
}

/** What a side can do next by itself. */
export function enabled(world: World, at: 0 | 1): boolean {
  const side = world.sides[at];
  if (side.dead !== 'no') return true;
  return waits(side) ? side.rung : side.todo.length > 0 || side.news;
}

/** Whether it waits for its user. */
function waits({ todo, stuck, leaving, told }: Side): boolean {
  return todo[0] === 'quiesce' && stuck && !leaving && told === 'd';
}

function plan(world: World, at: 0 | 1) {
  const side = world.sides[at];
  const found = world.store[other(at)];
  const peer = peerOf(level(side), found === undefined ? [] : [found]);
  const holding = side.parked.some(({ mapped }) => mapped);
  return decide(side.own, peer, { leaving: side.leaving, broken: side.broken, holding });
}

/** One step of a side: the next one of its plan, or a look. Legal at any time, as a watch may fire without a reason. */
export function advance(world: World, at: 0 | 1): void {
  const side = world.sides[at];
  if (side.dead !== 'no') die(world, at);
  else if (waits(side)) sweep(side);
  else if (side.todo.length === 0) look(world, at);
  else perform(world, at, side.todo[0]!);
}

function ring(side: Side): void {
  side.news = true;
  side.rung = true;
}

function sweep(side: Side): void {
  side.rung = false;
  side.parked = side.parked.filter((memory) => {
    if (!memory.mapped) side.grants[side.grants.indexOf(memory)] = undefined;
    return memory.mapped;
  });
}

function look(world: World, at: 0 | 1): void {
  const side = world.sides[at];
  sweep(side);
  const chosen = plan(world, at);
  side.seen = world.store[other(at)];
  // After a plan it looks again.
  side.news = chosen !== undefined;
  if (chosen !== undefined) side.todo = PLANS[chosen];
}

function perform(world: World, at: 0 | 1, step: Step): void {
  const side = world.sides[at];
  if (step === 'map' && !map(world, at)) {
    side.own = refuse(side.own, side.seen!);
    side.news = true;
    side.todo = [];
    return;
  }
  if (step !== 'map') EFFECTS[step]?.(world, at);
  if (step === 'retract') return;
  side.own = after(step, side.own, side.seen);
  side.todo = side.todo.slice(1);
}

function tell(world: World, at: 0 | 1, letter: Letter): void {
  const side = world.sides[at];
  // An endpoint that is destroyed is told by itself.
  if (side.leaving) return;
  if (!GRAMMAR[side.told].includes(letter)) fail(world, `side ${at} is told ${letter} after ${side.told}`);
  side.told = letter;
}

const EFFECTS: Readonly<Partial<Record<Step, (world: World, at: 0 | 1) => void>>> = {
  appear: (world, at) => tell(world, at, 'a'),
  disappear: (world, at) => tell(world, at, 'x'),
  lend(world, at) {
    const side = world.sides[at];
    const memory = { tag: `${idOf(side.own)} ${idOf(side.seen!)}`, mapped: false };
    const free = side.grants.indexOf(undefined);
    const gref = free < 0 ? side.grants.length : free;
    side.grants[gref] = memory;
    side.memory = memory;
    side.offer = { gref, port: 1 };
  },
  publish(world, at) {
    world.store[at] = level(world.sides[at]);
    ring(world.sides[other(at)]);
  },
  connect(world, at) {
    const side = world.sides[at];
    side.broken = false;
    // A destroyed endpoint does not connect; that it was is looked at next.
    if (side.leaving) return;
    tell(world, at, 'c');
    const [granter, mapper] = side.own.granter
      ? [idOf(side.own), side.own.accepted]
      : [side.own.accepted, idOf(side.own)];
    if (side.memory?.tag !== `${granter} ${mapper}`) fail(world, `side ${at} connects over other memory`);
    if (world.reached[at].includes(side.memory.tag)) fail(world, `side ${at} is in ${side.memory.tag} again`);
    world.reached[at].push(side.memory.tag);
  },
  disconnect(world, at) {
    const side = world.sides[at];
    if (side.own.phase === 'connected') tell(world, at, 'd');
  },
  release(world, at) {
    const side = world.sides[at];
    const { memory } = side;
    side.memory = undefined;
    side.offer = undefined;
    if (memory === undefined) return;
    if (!side.own.granter) memory.mapped = false;
    else if (memory.mapped) side.parked.push(memory);
    else side.grants[side.grants.indexOf(memory)] = undefined;
  },
  retract(world, at) {
    const side = world.sides[at];
    world.store[at] = undefined;
    ring(world.sides[other(at)]);
    const { grants, parked } = side;
    // A new endpoint of the same domain: what the old one could not take back is still the domain's.
    Object.assign(side, newSide(side.domid, side.births + 2), { grants, parked });
  },
};

/** @returns whether the memory is what the offer was about */
function map(world: World, at: 0 | 1): boolean {
  const side = world.sides[at];
  const memory = world.sides[other(at)].grants[side.seen!.offer!.gref!];
  if (memory === undefined || memory.tag !== `${idOf(side.seen!)} ${idOf(side.own)}`) return false;
  memory.mapped = true;
  side.memory = memory;
  return true;
}

/** The user destroys the endpoint, in whatever state it is, and makes a new one. */
export function bounce(world: World, at: 0 | 1): void {
  const side = world.sides[at];
  if (side.leaving || side.dead !== 'no') return;
  side.leaving = true;
  side.news = true;
}

/** The peer has broken the protocol of the channel. */
export function breakChannel(world: World, at: 0 | 1): void {
  const side = world.sides[at];
  if (side.own.phase === 'connected' && !side.own.closing) {
    side.broken = true;
    side.news = true;
  }
}

/** The domain's thread ends, wherever it is; both ends of a loopback with it. */
export function crash(world: World, at: 0 | 1): void {
  for (const side of world.sides) {
    if (side.domid === world.sides[at].domid && side.dead === 'no') side.dead = 'thread';
  }
}

function die(world: World, at: 0 | 1): void {
  const side = world.sides[at];
  if (side.dead === 'thread') {
    side.dead = 'node';
    world.store[at] = undefined;
    ring(world.sides[other(at)]);
    return;
  }
  ring(world.sides[other(at)]);
  if (side.memory !== undefined && !side.own.granter) side.memory.mapped = false;
  // A domain with the same id is born at once: the worst case.
  Object.assign(side, newSide(side.domid, side.births + 2));
}

/** What holds between any two steps. */
export function checkWorld(world: World): void {
  const [a, b] = world.sides;
  const both = [a, b].every(
    ({ dead, leaving, own }) => dead === 'no' && !leaving && own.phase === 'connected' && !own.closing,
  );
  if (both && a.memory !== b.memory) fail(world, 'both are connected, but not to each other');
  if (both && a.memory?.tag !== b.memory?.tag) fail(world, 'both are connected, of different incarnations');
  for (const side of world.sides) if (side.parked.length > 1) fail(world, 'a peer holds more than one memory');
}

/** What holds when nothing is left to do. */
export function checkSettled(world: World): void {
  const [a, b] = world.sides;
  for (const { parked, grants, memory } of world.sides) {
    const kept = grants.filter((granted) => granted !== undefined && granted !== memory);
    if (parked.length + kept.length > 0) fail(world, 'memory is left over');
  }
  if (a.stuck || b.stuck) return;
  if (a.own.phase !== 'connected' || b.own.phase !== 'connected') fail(world, 'settled, but not connected');
  if (a.memory === undefined || a.memory !== b.memory) fail(world, 'settled in different memory');
}
