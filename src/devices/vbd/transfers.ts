// SPDX-License-Identifier: Apache-2.0
import {
  type Endpoint,
  type PoolBuffer,
  type Registration,
  type SharedBuffers,
  TRANSPORT,
  type Transaction,
} from '../../idc/contract.ts';
import { BLK_OP, BLK_STATUS, SECTOR_SIZE } from './contract.ts';
import { DATA_BYTES, MAX_REQUEST_SECTORS, putRequest, REFERENCE_AT } from './protocol.ts';

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
  /** The connection is over: ends what waits. What was submitted has ended already. */
  end(): void;
}

interface Job {
  readonly op: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly done: (verdict: number) => void;
  /** Bytes submitted so far, or all if no more shall be. */
  submitted: number;
  /** Requests in flight. */
  outstanding: number;
  verdict: number;
}

/** A place for one request: memory that the back end may get access to, and the transaction that says so. */
interface Slot {
  readonly memory: PoolBuffer;
  readonly transaction: Transaction;
  readonly complete: (transaction: Transaction) => void;
  readonly free: () => void;
  job: Job;
  at: number;
  length: number;
  registration: Registration;
}

/**
 * Starts moving data over a connected endpoint. The pool is divided into slots; what finds none waits, and long transfers
 * take turns with each other, request by request.
 *
 * @param most sectors that the back end takes at once
 */
export function createTransfers(endpoint: Endpoint, buffers: SharedBuffers, most: number): Transfers {
  const chunk = Math.min(most, MAX_REQUEST_SECTORS) * SECTOR_SIZE;
  const free: Slot[] = [];
  let waiting: Job[] = [];
  for (let count = 0; count < endpoint.quotas.inFlight; count++) {
    const memory = buffers.alloc(chunk);
    if (memory !== undefined) free.push(createSlot(memory));
  }

  function createSlot(memory: PoolBuffer): Slot {
    const slot: Partial<Slot> = {
      memory,
      transaction: endpoint.transaction(),
      complete: () => complete(slot as Slot),
      free() {
        free.push(slot as Slot);
        pump();
      },
    };
    return slot as Slot;
  }

  function pump(): void {
    if (free.length === 0 || waiting.length === 0 || endpoint.buffers !== buffers) return;
    endpoint.cork();
    while (free.length > 0) {
      const job = waiting.shift();
      if (job === undefined) break;
      // One that failed meanwhile has nothing left to submit.
      if (job.submitted < job.bytes.length) submit(job, free.pop()!);
      if (job.submitted < job.bytes.length) waiting.push(job);
    }
    endpoint.uncork();
  }

  function submit(job: Job, slot: Slot): void {
    const { memory, transaction } = slot;
    const at = job.submitted;
    const length = Math.min(chunk, job.bytes.length - at);
    if (job.op === BLK_OP.write) memory.bytes.set(job.bytes.subarray(at, at + length));
    // There are more registrations than slots.
    const registration = buffers.register(memory, job.op === BLK_OP.write ? 'read' : 'write')!;
    slot.job = job;
    slot.at = at;
    slot.length = length;
    slot.registration = registration;
    job.submitted = at + length;
    job.outstanding++;
    putRequest(transaction.parameters, job.op, (job.offset + at) / SECTOR_SIZE, length / SECTOR_SIZE);
    transaction.parameters.set(registration.reference, REFERENCE_AT);
    transaction.parametersLength = DATA_BYTES;
    endpoint.submit(transaction, slot.complete);
  }

  function complete({ job, at, length, memory, transaction, registration, free: release }: Slot): void {
    const verdict = transaction.transport === TRANSPORT.ok ? transaction.error : GONE;
    if (verdict !== BLK_STATUS.okay) fail(job, verdict);
    else if (job.op === BLK_OP.read) job.bytes.set(memory.bytes.subarray(0, length), at);
    job.outstanding--;
    registration.unregister(release);
    finish(job);
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
      waiting.push({ op, offset, bytes, done, submitted: 0, outstanding: 0, verdict: BLK_STATUS.okay });
      pump();
    },
    end() {
      const unfinished = waiting.filter((job) => job.submitted < job.bytes.length);
      waiting = [];
      for (const job of unfinished) {
        fail(job, GONE);
        finish(job);
      }
    },
  };
}
