// SPDX-License-Identifier: Apache-2.0

import type { Registration } from '../../hv/lending-contract.ts';
import type { LocalBuffer } from '../../idc/buffers/contract.ts';
import { slice } from '../../idc/buffers/local-buffer.ts';
import { type Endpoint, TRANSPORT, type Transaction } from '../../idc/contract.ts';
import type { LendingPool } from '../../idc/remote-contract.ts';
import { BLK_OP, BLK_STATUS, type DiskBuffer, SECTOR_SIZE } from './contract.ts';
import { DATA_BYTES, MAX_REQUEST_SECTORS, POOL_BYTES, putRequest, REFERENCE_AT } from './protocol.ts';

/** How a transfer ended, beside `BLK_STATUS`: the connection is over, and nobody knows. No back end can say this number. */
export const GONE = 2 ** 32;

/** Reads and writes of one connection, of any size, by requests of a limited size. */
export interface Transfers {
  /**
   * Moves `bytes` from or to the disk; afterwards nothing touches `bytes` any more.
   *
   * @param op `BLK_OP.read` or `BLK_OP.write`
   * @param offset in bytes
   * @param done called once, with a `BLK_STATUS` or {@link GONE}
   */
  start(op: number, offset: number, bytes: Uint8Array, done: (verdict: number) => void): void;
  /** Memory from and to which nothing needs to be copied; undefined when no more than half of the pool would be left. */
  buffer(length: number): DiskBuffer | undefined;
  /** The connection is over: ends what waits, and gives up the pool. What was submitted has ended already. */
  end(): void;
}

/** A part of the pool. */
type Part = LocalBuffer<Uint8Array>;

interface Job {
  readonly op: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly done: (verdict: number) => void;
  /** The pool's memory in which `bytes` lie; undefined for bytes that have to be copied. */
  readonly home: Part | undefined;
  /** Bytes submitted so far, or all if no more shall be. */
  submitted: number;
  /** Requests in flight. */
  outstanding: number;
  verdict: number;
}

/** A place for one request: its transaction, and while it is in flight the memory that the back end has access to. */
interface Slot {
  readonly transaction: Transaction;
  readonly complete: (transaction: Transaction) => void;
  readonly free: () => void;
  job: Job;
  at: number;
  memory: Part;
  registration: Registration;
}

/**
 * Starts moving data over a connected endpoint. What finds no place or no memory in the pool waits, and long transfers
 * take turns with each other, request by request.
 *
 * @param pool memory to lend, given up in the end
 * @param most sectors that the back end takes at once
 */
export function createTransfers(endpoint: Endpoint, pool: LendingPool, most: number): Transfers {
  const chunk = Math.min(most, MAX_REQUEST_SECTORS) * SECTOR_SIZE;
  const free: Slot[] = [];
  /** What {@link Transfers.buffer} has given out. */
  const homes = new Set<Part>();
  let waiting: Job[] = [];
  let corked = false;
  let ended = false;
  for (let count = 0; count < endpoint.quotas.inFlight; count++) free.push(createSlot());

  function createSlot(): Slot {
    const slot: Partial<Slot> = {
      transaction: endpoint.transaction(),
      complete: () => complete(slot as Slot),
      free() {
        if (slot.job?.home === undefined && slot.memory !== undefined) pool.free(slot.memory);
        free.push(slot as Slot);
        pump();
      },
    };
    return slot as Slot;
  }

  /** Publishes what is asked for in one go together: each publication may have to wake a thread. */
  function publishSoon(): void {
    if (corked) return;
    corked = true;
    endpoint.cork();
    queueMicrotask(() => {
      corked = false;
      endpoint.uncork();
    });
  }

  function pump(): void {
    if (free.length === 0 || waiting.length === 0 || ended || endpoint.state !== 'connected') return;
    publishSoon();
    while (free.length > 0) {
      const job = waiting[0];
      if (job === undefined) break;
      // One that failed meanwhile has nothing left to submit.
      if (job.submitted < job.bytes.length && !submit(job)) break;
      waiting.shift();
      if (job.submitted < job.bytes.length) waiting.push(job);
    }
  }

  /** As much of the pool as there is for `wanted` bytes in one piece, at least a page: half of it never leaves `waiting`. */
  function take(wanted: number): Part | undefined {
    for (let length = wanted; length >= SECTOR_SIZE; length = (length >> 1) & -SECTOR_SIZE) {
      const memory = pool.alloc(length);
      if (memory !== undefined) return memory;
    }
    return undefined;
  }

  /** @returns false when there is no memory for it now */
  function submit(job: Job): boolean {
    const at = job.submitted;
    const wanted = Math.min(chunk, job.bytes.length - at);
    const memory = job.home ?? take(wanted);
    if (memory === undefined) return false;
    const writes = job.op === BLK_OP.write;
    const length = Math.min(wanted, memory.length);
    const inside = job.home === undefined ? 0 : job.bytes.byteOffset - startOf(memory) + at;
    // The back end is trusted with its files: it reads and writes them straight from and to this memory.
    const how = { rights: writes ? 'read' : 'write', by: 'map' } as const;
    const registration = endpoint.register(slice(memory, inside, length), how);
    if (registration === undefined) {
      if (job.home === undefined) pool.free(memory);
      return false;
    }
    const slot = free.pop()!;
    const { transaction } = slot;
    if (writes && job.home === undefined) memory.base.set(job.bytes.subarray(at, at + length), memory.offset);
    slot.job = job;
    slot.at = at;
    slot.memory = memory;
    slot.registration = registration;
    job.submitted = at + length;
    job.outstanding++;
    putRequest(transaction.parameters, job.op, (job.offset + at) / SECTOR_SIZE, length / SECTOR_SIZE);
    transaction.parameters.set(registration.reference, REFERENCE_AT);
    transaction.parametersLength = DATA_BYTES;
    endpoint.submit(transaction, slot.complete);
    return true;
  }

  function complete({ job, at, memory, transaction, registration, free: release }: Slot): void {
    const verdict = transaction.transport === TRANSPORT.ok ? transaction.error : GONE;
    if (verdict !== BLK_STATUS.okay) fail(job, verdict);
    else if (job.op === BLK_OP.read && job.home === undefined) job.bytes.set(bytesOf(memory), at);
    job.outstanding--;
    registration.unregister(release);
    finish(job);
  }

  function homeOf(bytes: Uint8Array): Part | undefined {
    for (const home of homes) {
      const at = bytes.byteOffset - startOf(home);
      const inside = at >= 0 && at + bytes.length <= home.length;
      if (inside && bytes.buffer === home.base.buffer) return home;
    }
    return undefined;
  }

  /** Submits no more of it. */
  function fail(job: Job, verdict: number): void {
    job.verdict = verdict;
    job.submitted = job.bytes.length;
  }

  function finish(job: Job): void {
    if (job.outstanding === 0 && job.submitted === job.bytes.length) job.done(job.verdict);
  }

  return {
    start(op, offset, bytes, done) {
      const home = homeOf(bytes);
      waiting.push({ op, offset, bytes, done, home, submitted: 0, outstanding: 0, verdict: BLK_STATUS.okay });
      pump();
    },
    buffer(length) {
      let given = length;
      for (const home of homes) given += home.length;
      const memory = given <= POOL_BYTES / 2 ? pool.alloc(length) : undefined;
      if (memory === undefined) return undefined;
      homes.add(memory);
      return {
        bytes: bytesOf(memory),
        free() {
          pool.free(memory);
          homes.delete(memory);
        },
      };
    },
    end() {
      ended = true;
      pool.close();
      const unfinished = waiting.filter((job) => job.submitted < job.bytes.length);
      waiting = [];
      for (const job of unfinished) {
        fail(job, GONE);
        finish(job);
      }
    },
  };
}

const startOf = ({ base, offset }: Part): number => base.byteOffset + offset;

function bytesOf({ base, offset, length }: Part): Uint8Array {
  return base.subarray(offset, offset + length);
}
