// SPDX-License-Identifier: Apache-2.0

import type { FrameVector } from '../../hv/contract.ts';
import type { Registration } from '../../hv/lending-contract.ts';
import type { LocalBuffer } from '../../idc/buffers/contract.ts';
import { slice } from '../../idc/buffers/local-buffer.ts';
import { type Endpoint, TRANSPORT, type Transaction } from '../../idc/contract.ts';
import type { LendingPool } from '../../idc/remote-contract.ts';
import { BLK_OP, BLK_STATUS, type DiskBuffer, SECTOR_SIZE } from './contract.ts';
import { DATA_BYTES, MAX_REQUEST_SECTORS, POOL_BYTES, putRequest, REFERENCE_AT } from './protocol.ts';

/** How a transfer ended, beside `BLK_STATUS`: the connection is over, and nobody knows. No back end can say this number. */
export const GONE = 2 ** 32;
/** The same for a buffer that cannot be lent. */
export const UNUSABLE = GONE + 1;

/** Memory or hidden pages of a kernel. */
export type Data = Uint8Array | LocalBuffer<FrameVector>;

/** Reads and writes of one connection, of any size, by requests of a limited size. */
export interface Transfers {
  /**
   * Moves `data` from or to the disk; afterwards nothing touches it any more.
   *
   * @param op `BLK_OP.read` or `BLK_OP.write`
   * @param offset in bytes
   * @param done called once, with a `BLK_STATUS`, {@link GONE} or {@link UNUSABLE}
   */
  start(op: number, offset: number, data: Data, done: (verdict: number) => void): void;
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
  readonly length: number;
  readonly done: (verdict: number) => void;
  /** What the back end is given; undefined for bytes that have to be copied to the pool, or from there. */
  readonly lent: LocalBuffer | undefined;
  /** Undefined for hidden pages. */
  readonly bytes: Uint8Array | undefined;
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
  /** Of the pool; undefined when the job has its own. */
  memory: Part | undefined;
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
        const { job, memory } = slot as Slot;
        if (memory !== undefined) pool.free(memory);
        // Before that its pages cannot be freed; nobody pins them, so that this is soon.
        if (isHidden(job)) endRequest(job);
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
      if (job.submitted < job.length && !submit(job)) break;
      waiting.shift();
      if (job.submitted < job.length) waiting.push(job);
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
    const { lent, bytes, submitted: at } = job;
    const wanted = Math.min(chunk, job.length - at);
    const memory = lent === undefined ? take(wanted) : undefined;
    const part = lent === undefined ? memory : slice(lent, at, wanted);
    if (part === undefined) return false;
    const { length } = part;
    const writes = job.op === BLK_OP.write;
    let registration: Registration | undefined;
    try {
      // The back end is trusted with its files: it reads and writes them straight from and to memory.
      registration = endpoint.register(part, { rights: writes ? 'read' : 'write', by: 'map' });
    } catch {
      fail(job, UNUSABLE);
      finish(job);
      return true;
    }
    if (registration === undefined) {
      if (memory !== undefined) pool.free(memory);
      return false;
    }
    const slot = free.pop()!;
    const { transaction } = slot;
    if (writes && memory !== undefined) memory.base.set(bytes!.subarray(at, at + length), memory.offset);
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
    else if (job.op === BLK_OP.read && memory !== undefined) job.bytes!.set(bytesOf(memory), at);
    if (!isHidden(job)) endRequest(job);
    registration.unregister(release);
  }

  /** What of the pool `bytes` are, if they lie in what was given out. */
  function homeOf(bytes: Uint8Array): Part | undefined {
    for (const home of homes) {
      const at = bytes.byteOffset - startOf(home);
      const inside = at >= 0 && at + bytes.length <= home.length;
      if (inside && bytes.buffer === home.base.buffer) return slice(home, at, bytes.length);
    }
    return undefined;
  }

  /** Submits no more of it. */
  function fail(job: Job, verdict: number): void {
    job.verdict = verdict;
    job.submitted = job.length;
  }

  function endRequest(job: Job): void {
    job.outstanding--;
    finish(job);
  }

  function finish(job: Job): void {
    if (job.outstanding === 0 && job.submitted === job.length) job.done(job.verdict);
  }

  return {
    start(op, offset, data, done) {
      const bytes = ArrayBuffer.isView(data) ? data : undefined;
      const lent = ArrayBuffer.isView(data) ? homeOf(data) : data;
      const { length } = data;
      waiting.push({ op, offset, length, done, lent, bytes, submitted: 0, outstanding: 0, verdict: BLK_STATUS.okay });
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
      const unfinished = waiting.filter((job) => job.submitted < job.length);
      waiting = [];
      for (const job of unfinished) {
        fail(job, GONE);
        finish(job);
      }
    },
  };
}

/** Whether it is of pages, which its end makes the kernel's own again. */
const isHidden = (job: Job): boolean => job.bytes === undefined;

const startOf = ({ base, offset }: Part): number => base.byteOffset + offset;

function bytesOf({ base, offset, length }: Part): Uint8Array {
  return base.subarray(offset, offset + length);
}
