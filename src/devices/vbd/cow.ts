// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import { type FrameVector, PAGE_SIZE } from '../../hv/contract.ts';
import type { Done as CopyDone, LocalBuffer } from '../../idc/buffers/contract.ts';
import { moveAll } from '../../idc/buffers/drive.ts';
import { slice } from '../../idc/buffers/local-buffer.ts';
import { type Base, openBase } from './base.ts';
import { BLOCK_BYTES } from './block-cache.ts';
import { SECTOR_SIZE } from './contract.ts';
import type { Wanted } from './failure.ts';
import type { Done, Image } from './image.ts';
import type { Means } from './page-room.ts';

/** Copies a part of the content, or to it; `at` is where that lies in what is read or written. */
type Copy = (part: LocalBuffer, at: number, done: CopyDone) => void;

/**
 * Opens a disk that begins with what is in a base and has what is written to it in pages of its own, which end with it. Where
 * front ends read into hidden pages they share those of the base with everybody who reads it (spec/idc.md 1.3, rule 83).
 *
 * @param most bytes of pages of its own; writes beyond find no space
 * @throws XmError as {@link openBase}
 */
export async function openCow(wanted: Wanted, means: Means, most: number): Promise<Image> {
  return imageOver(await openBase(wanted, means), means, !wanted.writable, most);
}

function imageOver(base: Base, { buffers }: Means, readonly: boolean, most: number): Image {
  const { types, bytes: memory } = buffers;
  const { size, file, room } = base;
  /** Pages that were written to, by number. */
  const own = new Map<number, LocalBuffer<FrameVector>>();
  /** Writes that wait for others: two in the same page must not both begin with the base's. */
  const waiting: (() => void)[] = [];
  let writing = false;

  /** Where a run of pages of the base that starts at `position` ends: with its block, at the latest. */
  function runEnd(position: number, end: number): number {
    const last = Math.min(end, (Math.floor(position / BLOCK_BYTES) + 1) * BLOCK_BYTES);
    if (own.size === 0) return last;
    let page = Math.floor(position / PAGE_SIZE) + 1;
    while (page * PAGE_SIZE < last && !own.has(page)) page++;
    return Math.min(last, page * PAGE_SIZE);
  }

  function readAll(position: number, length: number, copy: Copy, done: Done): void {
    const end = position + length;
    moveAll(
      length,
      (at, _left, complete) => {
        const from = position + at;
        const page = own.get(Math.floor(from / PAGE_SIZE));
        const inside = from % PAGE_SIZE;
        if (page !== undefined) copy(slice(page, inside, Math.min(PAGE_SIZE - inside, end - from)), at, complete);
        else file.use(from, runEnd(from, end) - from, (part, used) => copy(part, at, used), complete);
      },
      done,
    );
  }

  /** Writes to a page, which is this disk's own if that succeeds. */
  function writePage(
    page: number,
    whole: boolean,
    write: (target: LocalBuffer, done: CopyDone) => void,
    done: CopyDone,
  ): void {
    const known = own.get(page);
    if (known !== undefined) {
      write(known, done);
      return;
    }
    function fail(): void {
      done(new XmError('ENOSPC', 'there is no room for what is written'), 0);
    }
    if ((own.size + 1) * PAGE_SIZE > most) {
      fail();
      return;
    }
    room.take(PAGE_SIZE, (fresh) => {
      if (fresh === undefined) {
        fail();
        return;
      }
      const end: CopyDone = (error, count) => {
        if (error) room.give(fresh);
        else own.set(page, fresh);
        done(error, count);
      };
      if (whole) {
        write(fresh, end);
        return;
      }
      const copy = (part: LocalBuffer, used: CopyDone): void => types.copy(part, fresh, used);
      file.use(page * PAGE_SIZE, PAGE_SIZE, copy, (error) => {
        if (error) end(error, 0);
        else write(fresh, end);
      });
    });
  }

  function next(): void {
    writing = false;
    waiting.shift()?.();
  }

  function writeAll(position: number, length: number, copy: Copy, done: Done): void {
    if (writing) {
      waiting.push(() => writeAll(position, length, copy, done));
      return;
    }
    writing = true;
    moveAll(
      length,
      (at, left, complete) => {
        const inside = (position + at) % PAGE_SIZE;
        const count = Math.min(PAGE_SIZE - inside, left);
        const page = (position + at - inside) / PAGE_SIZE;
        const write = (target: LocalBuffer, end: CopyDone): void => copy(slice(target, inside, count), at, end);
        writePage(page, count === PAGE_SIZE, write, complete);
      },
      (error) => {
        next();
        done(error);
      },
    );
  }

  return {
    sectors: size / SECTOR_SIZE,
    readonly,
    read(bytes, position, done) {
      const target = memory.of(bytes);
      readAll(position, bytes.length, (part, at, end) => types.copy(part, slice(target, at), end), done);
    },
    write(bytes, position, done) {
      const source = memory.of(bytes);
      writeAll(position, bytes.length, (part, at, end) => types.copy(slice(source, at, part.length), part, end), done);
    },
    send(position, length, { buffers: by, reference }, done) {
      readAll(position, length, (part, at, end) => by.send(part, reference, at, end), done);
    },
    receive(position, length, { buffers: by, reference }, done) {
      writeAll(position, length, (part, at, end) => by.receive(reference, at, part, end), done);
    },
    zero(position, length, done) {
      writeAll(
        position,
        length,
        (part, _at, end) => types.copy(memory.of(ZEROS.subarray(0, part.length)), part, end),
        done,
      );
    },
    // What is written is nowhere but in memory, and gone when the disk is.
    sync: (done) => done(null),
    async close() {
      for (const page of own.values()) room.give(page);
      own.clear();
      await base.close();
    },
  };
}

const ZEROS = new Uint8Array(PAGE_SIZE);
