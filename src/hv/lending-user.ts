// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { bytesOf, copyBytes, isBytes, lengthOf, plainBytes } from './bytes.ts';
import type { DomId, FrameVector } from './contract.ts';
import { copyFrames, loadFrames, type PoolAccess, saveFrames, wholePool } from './frames-vector.ts';
import {
  type BorrowedBuffer,
  CHUNK_BYTES,
  type Lending,
  type Limits,
  type PinnedBuffer,
  type Refusal,
} from './lending-contract.ts';
import { type FillMap, fillWords, markFilled, tellFilled } from './lending-fill.ts';
import { COPY_WORD, hazardOf, hazardWord, PIN_WORD, PIN_WORDS } from './lending-hazards.ts';
import type { LendingDoor, LendingNews, Opened } from './lending-messages.ts';
import { attenuatedReference, parseReference, type Reference, type Share, shareOf } from './lending-reference.ts';
import {
  ENTRY_STATE,
  type Entry,
  isDead,
  isLive,
  type LendingTable,
  type Nonce,
  RIGHT_BITS,
  readEntry,
  readNonce,
  stateWord,
} from './lending-table.ts';
import { ownMap } from './own-map.ts';
import { reserveStack } from './stack.ts';

const { load, store, notify } = Atomics;
const { Int32Array: Words, Uint8Array: Bytes } = globalThis;

/** Most bytes of hidden pages that are exchanged before a fence can be complete. */
const EXCHANGE_BYTES = 2 ** 20;

/** An extent of another domain, or its hidden pages; nothing once it was freed there. */
interface Memory {
  buffer: SharedArrayBuffer | undefined;
  bytes: Uint8Array | undefined;
  pages: FrameVector | undefined;
}

/** A domain some of whose references were opened here. */
interface Owner {
  readonly place: number;
  readonly table: LendingTable;
  /** As entries name them. */
  readonly memories: Map<number, Memory>;
}

/** One registration, as the holder of a reference to it knows it. */
interface Found {
  readonly owner: Owner;
  readonly reference: Reference;
  readonly nonce: Nonce;
  readonly entry: Entry;
  readonly share: Share;
  readonly memory: Memory;
  readonly fill: FillMap | undefined;
}

/** Asks the hypervisor about a reference that names an owner or an extent that is not known yet. */
export type AskOpen = (reference: Reference, answer: (opened: Opened | undefined) => void) => void;

/** What a domain borrows: the user's half. */
export interface LendingUser extends Pick<Lending, 'open' | 'pin'> {
  onNews(news: LendingNews): void;
  /** The domain has ended. */
  close(): void;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** @param door the domain's row of the hazards, of which this is the only writer while the domain lives */
export function createLendingUser({ place, table: own, hazards }: LendingDoor, ask: AskOpen): LendingUser {
  const owners = ownMap<DomId, Owner>();
  /** Of hidden pages that were lent to this domain. */
  const pools: PoolAccess[] = [];
  const copying = hazardWord(hazards, place, COPY_WORD);
  /** Words of the row for pins: those used so far, of which the first `freeCount` here are free; the last one freed is next. */
  const freePins = new Words(PIN_WORDS);
  let freeCount = 0;
  let usedPins = 0;
  const waiting: (() => void)[] = [];

  function learn(domid: DomId, { place: at, table, extents, pool }: Opened): void {
    let owner = owners.get(domid);
    // Living, it is the one that is known: each message brings other objects for the same memory.
    if (owner === undefined || isDead(owner.table)) {
      owner = { place: at, table, memories: ownMap() };
      owners.set(domid, owner);
    }
    const { memories } = owner;
    for (const { id, buffer } of extents) {
      if (memories.get(id) === undefined) memories.set(id, { buffer, bytes: bytesOf(buffer), pages: undefined });
    }
    if (pool !== undefined && memories.get(-pool.id) === undefined) {
      pools.push(pool);
      memories.set(-pool.id, { buffer: undefined, bytes: undefined, pages: wholePool(pool) });
    }
  }

  /** Finds what a reference names. @returns `unknown` when the extent is unheard of, undefined when it names nothing */
  function look(owner: Owner, reference: Reference): Found | 'unknown' | undefined {
    const { table } = owner;
    const { index } = reference;
    if (isDead(own)) return undefined;
    const state = stateWord(index);
    reserveStack();
    // As long as the hazard stands an entry that was live is not used again, so that what is read belongs together.
    store(hazards, copying, hazardOf(owner.place, index));
    try {
      const nonce = readNonce(table, index);
      if (!isLive(table, index, nonce)) return undefined;
      const entry = readEntry(table, index);
      const share = shareOf(reference, entry, nonce);
      return share && findMemory(owner, reference, entry, share, nonce);
    } finally {
      // By built-ins alone, here and below: see reserveStack.
      store(hazards, copying, 0);
      if (load(table, state) !== ENTRY_STATE.live) notify(hazards, copying);
    }
  }

  function findMemory(owner: Owner, reference: Reference, entry: Entry, share: Share, nonce: Nonce) {
    const memory = owner.memories.get(entry.source);
    const counts = entry.fillSource === 0 ? undefined : owner.memories.get(entry.fillSource);
    if (memory === undefined || (entry.fillSource !== 0 && counts === undefined)) return 'unknown';
    const { buffer, pages } = memory;
    if (pages === undefined && (buffer === undefined || entry.offset + entry.length > buffer.byteLength)) {
      return undefined;
    }
    const fill = counts?.buffer && new Words(counts.buffer, entry.fillOffset, fillWords(entry.length));
    return { owner, reference, nonce, entry, share, memory, fill };
  }

  function lookNow(reference: Reference): Found | 'unknown' | undefined {
    const owner = owners.get(reference.domid);
    // A dead owner's number may be another domain's by now.
    return owner === undefined || isDead(owner.table) ? 'unknown' : look(owner, reference);
  }

  function countFilled({ owner, reference, share, fill }: Found, offset: number, length: number): void {
    if (fill === undefined) return;
    markFilled(fill, share.offset + offset, length);
    tellFilled(owner.table, reference.index);
  }

  /** Holds the real bytes for as long as is wanted. */
  function pin(found: Found, right: 'read' | 'write', done: (pinned: PinnedBuffer | Refusal) => void): void {
    const { owner, reference, nonce, entry, share, memory } = found;
    const { table } = owner;
    const { index } = reference;
    if (!entry.mappable || (share.rights & RIGHT_BITS[right]) === 0) {
      done('denied');
      return;
    }
    if (freeCount === 0 && usedPins === PIN_WORDS) {
      waiting.push(() => pin(found, right, done));
      return;
    }
    const { buffer } = memory;
    if (buffer === undefined || isDead(own) || !isLive(table, index, nonce)) {
      done('gone');
      return;
    }
    const word = freeCount > 0 ? freePins[--freeCount]! : hazardWord(hazards, place, PIN_WORD + usedPins++);
    store(hazards, word, hazardOf(owner.place, index));
    const state = stateWord(index);
    let held = true;
    function release(): void {
      if (!held) return;
      const dead = isDead(own);
      held = false;
      // Code of a domain may go on after its end where the thread does; the row may be another's by then.
      if (dead) return;
      store(hazards, word, 0);
      if (load(table, state) !== ENTRY_STATE.live) notify(hazards, word);
      freePins[freeCount++] = word;
      // The first may be refused, and leave the word to the next.
      while (freeCount > 0 && waiting.length > 0) waiting.shift()!();
    }
    if (!isLive(table, index, nonce)) {
      release();
      done('gone');
      return;
    }
    done({
      bytes: new Bytes(buffer, entry.offset + share.offset, share.length),
      filled(offset, count) {
        if (!isSize(offset) || !isSize(count) || offset + count > share.length)
          throw new RangeError('not in the buffer');
        if (held) countFilled(found, offset, count);
      },
      release,
    });
  }

  /**
   * Runs `work` with as much as it can do at once, when the right is there. Runs no code of a kernel while the hazard stands.
   *
   * @returns bytes that were done
   */
  function touch(
    found: Found,
    right: number,
    offset: number,
    wanted: number,
    most: number,
    work: (size: number) => void,
  ): number | Refusal {
    const { owner, reference, nonce, share, memory } = found;
    const { table } = owner;
    const { index } = reference;
    if ((share.rights & right) === 0) return 'denied';
    if (!isSize(offset) || !isSize(wanted) || offset + wanted > share.length) return 'range';
    const size = wanted < most ? wanted : most;
    // No hazard for what is dead already: those who try again and again must not hold up the fence.
    if ((memory.bytes ?? memory.pages) === undefined || isDead(own) || !isLive(table, index, nonce)) return 'gone';
    const state = stateWord(index);
    const hazard = hazardOf(owner.place, index);
    reserveStack();
    store(hazards, copying, hazard);
    try {
      if (!isLive(table, index, nonce)) return 'gone';
      work(size);
      if (right === RIGHT_BITS.write) countFilled(found, offset, size);
      return size;
    } catch (error) {
      // The owner's pages go with it, before it is known here.
      if (error instanceof XmError && error.code === 'EBADF' && isDead(table)) return 'gone';
      throw error;
    } finally {
      store(hazards, copying, 0);
      if (load(table, state) !== ENTRY_STATE.live) notify(hazards, copying);
    }
  }

  /** Copies a chunk one way or the other. */
  function move(found: Found, offset: number, other: Uint8Array, right: number): number | Refusal {
    if (!isBytes(other)) throw new TypeError('not a Uint8Array');
    const { bytes, pages } = found.memory;
    const at = startOf(found) + offset;
    return touch(found, right, offset, lengthOf(other), CHUNK_BYTES, (size) => {
      if (pages !== undefined) {
        const chunk = plainBytes(other, 0, size);
        if (right === RIGHT_BITS.read) loadFrames(pages, at, chunk);
        else saveFrames(pages, at, chunk);
      } else if (bytes !== undefined) {
        if (right === RIGHT_BITS.read) copyBytes(bytes, at, other, 0, size);
        else copyBytes(other, 0, bytes, at, size);
      }
    });
  }

  function exchange(
    found: Found,
    right: 'read' | 'write',
    offset: number,
    local: FrameVector,
    at: number,
    wanted: number,
    sharing: boolean,
  ): number | Refusal {
    const { pages } = found.memory;
    if (pages === undefined) return 'gone';
    const there = startOf(found) + offset;
    // Up to where whole tables end: those are shared at once.
    const most = EXCHANGE_BYTES - (there % EXCHANGE_BYTES);
    return touch(found, RIGHT_BITS[right], offset, wanted, most, (size) => {
      if (right === 'read') copyFrames(pages, there, local, at, size, sharing);
      else copyFrames(local, at, pages, there, size, sharing);
    });
  }

  // Everything that works is above, made once: what is made for each reference is slow at first, and every time.
  function borrow(found: Found): BorrowedBuffer {
    const { entry, share, memory } = found;
    const { length, rights } = share;
    return {
      length,
      rights: rights === RIGHT_BITS.readwrite ? 'readwrite' : rights === RIGHT_BITS.read ? 'read' : 'write',
      mappable: entry.mappable,
      paged: memory.pages !== undefined,
      read: (offset, target) => move(found, offset, target, RIGHT_BITS.read),
      write: (offset, source) => move(found, offset, source, RIGHT_BITS.write),
      exchange: (right, offset, pages, at, wanted, sharing) =>
        exchange(found, right, offset, pages, at, wanted, sharing),
      pin: (right, done) => pin(found, right, done),
      attenuate: (limits) => attenuate(found, limits),
    };
  }

  /** Finds what a reference names, at once if the owner and the extent are known here. */
  function find(bytes: Uint8Array, at: number, done: (found: Found | undefined) => void): void {
    const reference = parseReference(bytes, at);
    const found = reference && lookNow(reference);
    if (reference === undefined || found !== 'unknown') {
      done(found === 'unknown' ? undefined : found);
      return;
    }
    ask(reference, (opened) => {
      if (opened !== undefined) learn(reference.domid, opened);
      const now = opened && lookNow(reference);
      done(now === 'unknown' ? undefined : now);
    });
  }

  return {
    open: (bytes, at, done) => find(bytes, at, (found) => done(found && borrow(found))),
    pin: (bytes, at, right, done) =>
      find(bytes, at, (found) => {
        if (found === undefined) done('gone');
        else pin(found, right, done);
      }),
    close() {
      for (const pool of pools) pool.over = true;
    },
    onNews(news) {
      const owner = owners.get(news.domid);
      if (owner === undefined) return;
      if (news.kind === 'drop') {
        letGo(owner.memories.get(news.extent));
        owner.memories.delete(news.extent);
      } else {
        owner.memories.forEach(letGo);
        owners.delete(news.domid);
      }
    },
  };
}

/** Where what a reference gives starts in its memory. */
const startOf = ({ entry, share }: Found): number => entry.offset + share.offset;

function attenuate({ owner, reference, nonce, share }: Found, limits: Limits): Uint8Array | Refusal {
  const { offset = 0, rights } = limits;
  const { length = share.length - offset } = limits;
  if (!isSize(offset) || !isSize(length) || offset + length > share.length) return 'range';
  const bits = share.rights & (rights === undefined ? RIGHT_BITS.readwrite : RIGHT_BITS[rights]);
  if (bits === 0) return 'denied';
  const { domid, index } = reference;
  if (!isLive(owner.table, index, nonce)) return 'gone';
  return attenuatedReference({ domid, index, rights: bits, offset: share.offset + offset, length }, nonce);
}

/** Also for those who hold a borrowed buffer still. */
function letGo(memory: Memory | undefined): void {
  if (memory === undefined) return;
  memory.buffer = undefined;
  memory.bytes = undefined;
  memory.pages = undefined;
}
