// SPDX-License-Identifier: Apache-2.0

import type { FrontContext } from '../../domain/contract.ts';
import { XmError } from '../../errors.ts';
import { TRANSPORT } from '../../idc/contract.ts';
import type { EndpointControl } from '../../idc/endpoint.ts';
import { type IdcFront, idcFront } from '../idc-front.ts';
import { BLK_OP, BLK_STATUS, type BlockDevice, SECTOR_SIZE } from './contract.ts';
import {
  type BlockInfo,
  FRONT_QUOTAS,
  getInfo,
  MAX_DISCARD_SECTORS,
  PLAIN_BYTES,
  POOL_BYTES,
  putRequest,
} from './protocol.ts';
import { createTransfers, type Data, GONE, type Transfers, UNUSABLE } from './transfers.ts';

/** The front end of a disk: a {@link BlockDevice} for kernels. */
export default idcFront(FRONT_QUOTAS, createBlockFront);

/** What a verdict means to people; any other one means that the medium failed. */
const MEANING: Readonly<Record<number, readonly [code: string, text: string]>> = {
  [GONE]: ['ENODEV', 'the connection to its back end ended; what was outstanding may have happened or not'],
  [UNUSABLE]: ['EINVAL', 'the buffer is no hidden pages, or they were freed'],
  [BLK_STATUS.readOnly]: ['EROFS', 'it is attached read-only'],
  [BLK_STATUS.noSpace]: ['ENOSPC', 'there is no space left where its image is'],
  [BLK_STATUS.notSupported]: ['ENOTSUP', 'its back end does not support this'],
};

function createBlockFront(endpoint: EndpointControl, { buffers, name }: FrontContext): IdcFront {
  /** Writes that were begun and not ended; a flush is for those. */
  const writing = new Set<Promise<unknown>>();
  /** Of the last connection; undefined before there was one, and when there will be none any more. */
  let info: BlockInfo | undefined;
  let transfers: Transfers | undefined;
  /** What waits for the next connection, in the order in which it was asked for. */
  const parked = new Set<() => void>();

  const size = (): number => (info?.sectors ?? 0) * SECTOR_SIZE;

  /** Does what was parked: with a new connection, or with none. */
  function resume(): void {
    const all = [...parked];
    parked.clear();
    for (const again of all) again();
  }

  function failure(verdict: number, what: string): XmError {
    const [code, text] = MEANING[verdict] ?? ['EIO', 'its back end reports an error'];
    return new XmError(code, `${name}: ${what} failed: ${text}`);
  }

  /** @throws XmError when a request cannot be made now, or not at all */
  function check(what: string, offset: number, length: number, writes: boolean): void {
    if (info === undefined) throw new XmError('ENODEV', `${name}: ${what} failed: the disk is not connected`);
    const whole = isWhole(offset) && isWhole(length);
    if (!whole)
      throw new XmError('EINVAL', `${name}: ${what} at ${offset} is not made of sectors of ${SECTOR_SIZE} bytes`);
    if (length > size() - offset) {
      throw new XmError('EINVAL', `${name}: ${what} at ${offset} goes beyond the end, which is at ${size()}`);
    }
    if (writes && info.readonly) throw failure(BLK_STATUS.readOnly, what);
  }

  function transfer(op: number, offset: number, data: Data): Promise<void> {
    const writes = op === BLK_OP.write;
    const what = `${writes ? 'writing' : 'reading'} ${data.length} bytes`;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    try {
      check(what, offset, data.length, writes);
    } catch (error) {
      reject(error);
      return promise;
    }
    if (data.length === 0) {
      resolve();
      return promise;
    }
    if (writes) writing.add(promise);
    const done = (verdict: number): void => {
      // Reading and writing once more does no harm, whether it happened or not.
      if (verdict === GONE && info !== undefined) {
        parked.add(begin);
        return;
      }
      writing.delete(promise);
      if (verdict === BLK_STATUS.okay) resolve();
      else reject(failure(verdict, what));
    };
    const begin = (): void => (transfers === undefined ? done(GONE) : transfers.start(op, offset, data, done));
    begin();
    return promise;
  }

  /** A request without data, done again with the next connection if it has to be. */
  async function plain(op: number, offset: number, length: number, what: string): Promise<void> {
    for (;;) {
      try {
        await ask(op, offset, length, what);
        return;
      } catch (error) {
        const gone = error instanceof XmError && error.code === 'ENODEV';
        if (!gone || info === undefined) throw error;
        // The next connection may have come meanwhile.
        if (transfers === undefined) await new Promise<void>((again) => parked.add(again));
      }
    }
  }

  /** A request without data, of this connection. @returns the answer */
  async function ask(op: number, offset: number, length: number, what: string): Promise<Uint8Array> {
    const parameters = new Uint8Array(PLAIN_BYTES);
    putRequest(parameters, op, offset / SECTOR_SIZE, length / SECTOR_SIZE);
    const { transport, error, status } = await endpoint.call(parameters);
    const verdict = transport === TRANSPORT.ok ? error : GONE;
    if (verdict !== BLK_STATUS.okay) throw failure(verdict, what);
    return status;
  }

  async function discardAll(offset: number, length: number): Promise<void> {
    const what = `discarding ${length} bytes`;
    check(what, offset, length, true);
    for (let at = 0; at < length; at += MAX_DISCARD_SECTORS * SECTOR_SIZE) {
      await plain(BLK_OP.discard, offset + at, Math.min(length - at, MAX_DISCARD_SECTORS * SECTOR_SIZE), what);
    }
  }

  const driver: BlockDevice = {
    get size() {
      return size();
    },
    get readonly() {
      return info?.readonly ?? false;
    },
    buffer: (length) => transfers?.buffer(length),
    async read(offset, length) {
      // Before memory of any length that is asked for is taken.
      check(`reading ${length} bytes`, offset, length, false);
      const bytes = new Uint8Array(length);
      await transfer(BLK_OP.read, offset, bytes);
      return bytes;
    },
    readInto: (offset, target) => transfer(BLK_OP.read, offset, target),
    write: (offset, data) => transfer(BLK_OP.write, offset, data),
    async flush() {
      check('flushing', 0, 0, false);
      await Promise.allSettled(writing);
      await plain(BLK_OP.flush, 0, 0, 'flushing');
    },
    discard(offset, length) {
      const promise = discardAll(offset, length);
      writing.add(promise);
      const ended = (): void => void writing.delete(promise);
      promise.then(ended, ended);
      return promise;
    },
  };

  return {
    driver,
    async start() {
      // Fresh for each connection: what the last one has lent may be in use still.
      const pool = await buffers.pool(POOL_BYTES);
      try {
        const described = getInfo(await ask(BLK_OP.info, 0, 0, 'asking for its size'));
        if (described === undefined || endpoint.state !== 'connected') {
          throw new XmError('EPROTO', `${name}: its back end describes no disk`);
        }
        info = described;
        transfers = createTransfers(endpoint, pool, info.maxSectors);
      } catch (error) {
        pool.close();
        throw error;
      }
      resume();
    },
    handlers: {
      onDisconnect(done) {
        const ended = transfers;
        transfers = undefined;
        ended?.end();
        done();
      },
      onDisappear() {
        info = undefined;
        resume();
      },
    },
  };
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value % SECTOR_SIZE === 0;
}
