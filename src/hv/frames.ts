// SPDX-License-Identifier: Apache-2.0
import { totalmem } from 'node:os';
import { type DomId, type FrameUsage, HypercallError, PAGE_SIZE } from './contract.ts';
import { close, FIRST_SLOT, type PoolWords, unlockFor } from './frames-lock.ts';
import {
  countTaken,
  createFrameMemory,
  createHands,
  eachTaken,
  emptyHands,
  type FrameMemory,
  growTo,
  HAND,
  type Items,
  type Mover,
  NONE,
  referTable,
  TABLE_FRAMES,
} from './frames-memory.ts';
import type { FramePoolDoor } from './frames-pool.ts';
import type { PoolAccess } from './frames-vector.ts';
import type { DomainMemory } from './memory.ts';

/** Most frames, and tables, that exist besides those that pools can need: for transfers that run. */
const SPARE = 2 ** 16;

/** A smaller machine has this part of its frames for them. */
const SPARE_PART = 1 / 8;

/** Transfers with the operating system that a pool can have at once. */
const TRANSIT_VECTORS = 256;

/** Milliseconds until a pool that somebody works at is tried again. */
const RETRY = 2;

/** The authority over the frames of the machine. It lives on the hypervisor's thread; moving frames needs it not. */
export interface Frames {
  /**
   * Makes a pool, which ends with its domain.
   *
   * @throws HypercallError `EINVAL`; `ENOMEM` beyond the domain's quota, and when the machine cannot have so many frames
   */
  createPool(domain: FrameDomain, pages: number): FramePoolDoor;
  /** What `user` needs to work with pages that `owner` lent it; undefined when that has no such pool. */
  open(user: DomId, owner: DomId, id: number): PoolAccess | undefined;
  /** Undoes what a domain was doing when its thread ended, so that nobody waits for it. */
  settle(domid: DomId): void;
  /** Ends the pools of a domain whose thread has ended; what they share with others is those others' alone from now on. */
  release(domid: DomId): void;
  /** Of the whole machine. */
  usage(): FrameUsage;
  /** Compares all counts of the machine, in which nobody is at work, with the references that exist. @returns what is wrong, in words */
  check(): readonly string[];
}

/** What the frames' authority knows of a domain. */
export interface FrameDomain {
  readonly domid: DomId;
  readonly memory: DomainMemory;
  /** Whether its thread ends with it; true unless said. */
  readonly ownThread?: boolean;
}

interface Pool {
  readonly domid: DomId;
  readonly words: PoolWords;
  readonly pages: number;
  readonly slots: number;
}

interface Machine {
  readonly memory: FrameMemory;
  /** The hypervisor's own. */
  readonly control: Mover;
  /** Of the living domains that have pools, or use those of others. */
  readonly movers: Map<DomId, Mover>;
  readonly pools: Map<number, Pool>;
}

/** @param most bytes that all pools can have; the system's memory unless said */
export function createFrames(most: number = totalmem()): Frames {
  const spare = Math.min(SPARE, Math.floor((most / PAGE_SIZE) * SPARE_PART));
  let machine: Machine | undefined;
  let nextId = 1;

  function settle(domid: DomId): void {
    const mover = machine?.movers.get(domid);
    if (machine === undefined || mover === undefined) return;
    emptyHands(mover);
    for (const { words } of machine.pools.values()) unlockFor(words, mover.holder);
  }

  return {
    createPool({ domid, memory: quota, ownThread = true }, pages) {
      if (!Number.isInteger(pages) || pages < 0) throw new HypercallError('EINVAL', `no pool has ${pages} pages`);
      machine ??= createMachine(most);
      const { memory, pools } = machine;
      const transits = ownThread ? TRANSIT_VECTORS : 0;
      const slots = pages + transits;
      let [allPages, allSlots] = [pages + spare, slots + spare];
      for (const pool of pools.values()) {
        allPages += pool.pages;
        allSlots += pool.slots;
      }
      const words = quota.charge(pages, () => {
        growTo(memory, allPages, allSlots);
        return new Int32Array(new SharedArrayBuffer((FIRST_SLOT + slots) * 4));
      });
      const mover = moverOf(machine, domid);
      const id = nextId++;
      pools.set(id, { domid, words, pages, slots });
      return { id, words, mover, pages, slots, transits };
    },
    open(user, owner, id) {
      const pool = machine?.pools.get(id);
      if (machine === undefined || pool?.domid !== owner) return undefined;
      return { id, words: pool.words, mover: moverOf(machine, user) };
    },
    settle,
    release(domid) {
      settle(domid);
      if (machine === undefined || !machine.movers.delete(domid)) return;
      for (const [id, pool] of machine.pools) if (pool.domid === domid) end(machine, id, pool.words);
    },
    usage: () => (machine === undefined ? { pages: 0, references: 0, shared: 0, saved: 0 } : usageOf(machine.memory)),
    check: () => (machine === undefined ? [] : checkAll(machine)),
  };
}

/** Drops what a pool refers to, now or as soon as nobody works at it. */
function end(machine: Machine, id: number, words: PoolWords): void {
  if (!close(words)) {
    setTimeout(() => end(machine, id, words), RETRY).unref();
    return;
  }
  for (let slot = FIRST_SLOT; slot < words.length; slot++) referTable(machine.control, words, slot, NONE);
  machine.pools.delete(id);
}

function moverOf({ memory, movers }: Machine, domid: DomId): Mover {
  const mover = movers.get(domid) ?? createMover(memory, domid);
  movers.set(domid, mover);
  return mover;
}

/** @param domid undefined for the hypervisor itself */
function createMover(memory: FrameMemory, domid: DomId | undefined): Mover {
  // The holder of a lock is not 0.
  return { memory, holder: domid === undefined ? 2 ** 30 : domid + 1, hands: createHands() };
}

function createMachine(most: number): Machine {
  const memory = createFrameMemory(most);
  return { memory, control: createMover(memory, undefined), movers: new Map(), pools: new Map() };
}

const namedBy = ({ entries }: FrameMemory, table: number): Int32Array =>
  entries.subarray(table * TABLE_FRAMES, (table + 1) * TABLE_FRAMES);

/** A page that a table names is referred to as often as the table is. */
function usageOf(memory: FrameMemory): FrameUsage {
  const references = new Uint32Array(memory.frames.limit[0]!);
  eachTaken(memory.tables, (table, count) => {
    for (const frame of namedBy(memory, table)) if (frame !== NONE) references[frame] = references[frame]! + count;
  });
  const pages = countTaken(memory.frames);
  let all = 0;
  let shared = 0;
  for (const count of references) {
    all += count;
    if (count > 1) shared++;
  }
  return { pages, references: all, shared, saved: Math.max(0, all - pages) };
}

function checkAll({ memory, control, movers, pools }: Machine): string[] {
  const hands = [control, ...movers.values()].map((mover) => mover.hands);
  const toTables: Int32Array[] = [...pools.values()].map(({ words }) => words.subarray(FIRST_SLOT));
  toTables.push(...hands.map((words) => Int32Array.of(words[HAND.table]!, words[HAND.oldTable]!)));
  const toFrames: Int32Array[] = hands.map((words) => Int32Array.of(words[HAND.frame]!, words[HAND.oldFrame]!));
  eachTaken(memory.tables, (table) => {
    toFrames.push(namedBy(memory, table));
  });
  return [...recount('table', memory.tables, toTables), ...recount('frame', memory.frames, toFrames)];
}

function recount(name: string, items: Items, references: readonly Int32Array[]): string[] {
  const found = new Map<number, number>();
  for (const slots of references)
    for (const item of slots) if (item !== NONE) found.set(item, (found.get(item) ?? 0) + 1);
  const problems: string[] = [];
  let taken = 0;
  eachTaken(items, (item, count) => {
    taken++;
    const right = found.get(item) ?? 0;
    found.delete(item);
    if (count !== right) problems.push(`${name} ${item} counts ${count} of ${right} references`);
  });
  for (const item of found.keys()) problems.push(`${name} ${item} is free and referred to`);
  if (taken !== countTaken(items)) problems.push(`${countTaken(items)} of ${taken} ${name}s are accounted for`);
  return problems;
}
