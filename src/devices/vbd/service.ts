// SPDX-License-Identifier: Apache-2.0
import type { Endpoint, ReceivedTransaction } from '../../idc/contract.ts';
import type { RemoteBuffers } from '../../idc/remote-contract.ts';
import { BLK_OP, BLK_STATUS, SECTOR_SIZE, VBD_COUNTERS } from './contract.ts';
import { statusOf } from './failure.ts';
import type { Image } from './image.ts';
import {
  countOf,
  DATA_BYTES,
  MAX_DISCARD_SECTORS,
  MAX_REQUEST_SECTORS,
  opOf,
  PLAIN_BYTES,
  putInfo,
  REFERENCE_AT,
  sectorOf,
} from './protocol.ts';

/** Serves an image to the other end of an endpoint. */
export interface BlockService {
  onTransaction(transaction: ReceivedTransaction): void;
  /** Resolves when all requests are answered. */
  idle(): Promise<void>;
}

const COUNTER = Object.fromEntries(VBD_COUNTERS.map((name, index) => [name, index])) as Record<
  (typeof VBD_COUNTERS)[number],
  number
>;

interface Operation {
  readonly run: (transaction: ReceivedTransaction) => void;
  /** Refused by a read-only disk. */
  readonly writes?: boolean;
}

/**
 * Executes block requests. The front end is not trusted: parameters are looked at in their private copy, and everything in
 * them is checked against the image before the image or memory is touched. Requests run beside each other and are answered
 * in the order in which they end.
 *
 * @param image the open image; asked for with each request
 * @param counters one number for each of `VBD_COUNTERS`
 */
export function createBlockService(
  endpoint: Pick<Endpoint, 'quotas' | 'cork' | 'uncork'>,
  buffers: RemoteBuffers,
  image: () => Image,
  counters: Float64Array,
): BlockService {
  const { inFlight } = endpoint.quotas;
  let running = 0;
  let corked = false;
  /** Inside of a delivery, after which the endpoint publishes by itself. */
  let beginning = false;
  let idle: PromiseWithResolvers<void> | undefined;

  function count(name: keyof typeof COUNTER, by = 1): void {
    counters[COUNTER[name]]! += by;
  }

  /** Publishes the answers of one turn of the event loop together: each publication may have to wake a thread. */
  function publishSoon(): void {
    if (corked) return;
    corked = true;
    endpoint.cork();
    setImmediate(() => {
      corked = false;
      endpoint.uncork();
    });
  }

  function finish(transaction: ReceivedTransaction, status: number, statusLength = 0): void {
    running--;
    if (!beginning) publishSoon();
    transaction.complete(status, statusLength);
    if (running > 0) return;
    idle?.resolve();
    idle = undefined;
  }

  function finishIo(transaction: ReceivedTransaction, error: unknown): void {
    finish(transaction, error ? statusOf(error) : BLK_STATUS.okay);
  }

  function countTransfer(op: 'read' | 'write', length: number): void {
    count(op === 'read' ? 'rd' : 'wr');
    count(op === 'read' ? 'rsect' : 'wsect', length / SECTOR_SIZE);
  }

  /** Reads and writes: the data lies in the front end's memory, which is pinned as long as the image works with it. */
  function transfer(transaction: ReceivedTransaction, op: 'read' | 'write'): void {
    const { parameters, parametersLength } = transaction;
    if (parametersLength !== DATA_BYTES || !within(parameters, MAX_REQUEST_SECTORS)) {
      finish(transaction, BLK_STATUS.error);
      return;
    }
    const length = countOf(parameters) * SECTOR_SIZE;
    // What is read from the disk is written to the memory.
    buffers.pin(parameters, REFERENCE_AT, op === 'read' ? 'write' : 'read', (memory) => {
      if (memory === 'denied') {
        transferHidden(transaction, op, length);
        return;
      }
      if (typeof memory === 'string' || memory.bytes.length < length) {
        if (typeof memory !== 'string') memory.release();
        finish(transaction, BLK_STATUS.error);
        return;
      }
      countTransfer(op, length);
      const { bytes } = memory;
      const exact = bytes.length === length ? bytes : bytes.subarray(0, length);
      image()[op](exact, sectorOf(parameters) * SECTOR_SIZE, (error) => {
        if (op === 'read' && !error) memory.filled(0, length);
        memory.release();
        finishIo(transaction, error);
      });
    });
  }

  /** The data lies in hidden pages, or in memory that is not lent to be mapped, or not for this. */
  function transferHidden(transaction: ReceivedTransaction, op: 'read' | 'write', length: number): void {
    const { parameters } = transaction;
    const there = { buffers, reference: parameters.subarray(REFERENCE_AT, DATA_BYTES) };
    image()[op === 'read' ? 'send' : 'receive'](sectorOf(parameters) * SECTOR_SIZE, length, there, (error) => {
      if (!error) countTransfer(op, length);
      finishIo(transaction, error);
    });
  }

  function discard(transaction: ReceivedTransaction): void {
    const { parameters } = transaction;
    if (!within(parameters, MAX_DISCARD_SECTORS)) {
      finish(transaction, BLK_STATUS.error);
      return;
    }
    const sectors = countOf(parameters);
    count('wr');
    count('wsect', sectors);
    image().zero(sectorOf(parameters) * SECTOR_SIZE, sectors * SECTOR_SIZE, (error) => finishIo(transaction, error));
  }

  function flush(transaction: ReceivedTransaction): void {
    count('flush');
    image().sync((error) => finishIo(transaction, error));
  }

  function info(transaction: ReceivedTransaction): void {
    const { sectors, readonly } = image();
    const length = putInfo(transaction.status, { sectors, readonly, maxSectors: MAX_REQUEST_SECTORS });
    finish(transaction, BLK_STATUS.okay, length);
  }

  const operations: Readonly<Record<number, Operation>> = {
    [BLK_OP.read]: { run: (transaction) => transfer(transaction, 'read') },
    [BLK_OP.write]: { run: (transaction) => transfer(transaction, 'write'), writes: true },
    [BLK_OP.flush]: { run: flush },
    [BLK_OP.discard]: { run: discard, writes: true },
    [BLK_OP.info]: { run: info },
  };

  /** Whether the sectors of a request exist and are neither none nor too many for one request. */
  function within(parameters: Uint8Array, most: number): boolean {
    const sectors = countOf(parameters);
    return sectors > 0 && sectors <= most && sectorOf(parameters) <= image().sectors - sectors;
  }

  return {
    onTransaction(transaction) {
      running++;
      beginning = true;
      if (running === inFlight) count('oo');
      const operation = operations[opOf(transaction.parameters)];
      if (transaction.parametersLength < PLAIN_BYTES) finish(transaction, BLK_STATUS.error);
      else if (operation === undefined) finish(transaction, BLK_STATUS.notSupported);
      else if (operation.writes && image().readonly) finish(transaction, BLK_STATUS.readOnly);
      else operation.run(transaction);
      beginning = false;
    },
    async idle() {
      if (running === 0) return;
      idle ??= Promise.withResolvers();
      await idle.promise;
    },
  };
}
