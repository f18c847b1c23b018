// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FramePool, type FrameVector, PAGE_SIZE } from '../../../src/hv/contract.ts';
import type { BorrowedBuffer, Registration } from '../../../src/hv/lending-contract.ts';
import type { LocalBuffer } from '../../../src/idc/buffers/contract.ts';
import { slice } from '../../../src/idc/buffers/local-buffer.ts';
import { pagesOf } from '../../../src/idc/buffers/pages.ts';
import type { RegisterOptions, RemoteBuffers } from '../../../src/idc/remote-contract.ts';
import { until } from '../../support/hv-machine.ts';
import { bytesIn, type RemoteMachine, receive, send, startRemote } from '../../support/idc-remote.ts';
import { pattern, tempImage } from '../../support/vbd-pair.ts';

const PAGE = PAGE_SIZE;
/** Pages that are counted at once. */
const TABLE = 64;
const [A, B, C] = [1, 2, 3];
const OK = (bytes: number) => ({ code: undefined, bytes });

let all: RemoteMachine;
let pools: FramePool[];

beforeEach(async () => {
  all = startRemote(1024, 1024, 1024);
  pools = await Promise.all([A, B, C].map((domid) => all.machine.dom(domid).frames.pool(900)));
});

afterEach(() => {
  expect(all.machine.hv.checkFrames()).toEqual([]);
  all[Symbol.dispose]();
  expect(all.machine.hv.frameUsage().pages).toBe(0);
});

function alloc(domid: number, length: number, start = 0): LocalBuffer<FrameVector> {
  return all
    .of(domid)
    .pages.pool(pools[domid - 1]!)
    .alloc(length, start)!;
}

function fill(by: RemoteBuffers, buffer: LocalBuffer, content: Uint8Array): void {
  by.types.copy(by.bytes.of(content), buffer, (error) => expect(error).toBeUndefined());
}

function look(by: RemoteBuffers, buffer: LocalBuffer): Uint8Array {
  const seen = new Uint8Array(buffer.length);
  by.types.copy(buffer, by.bytes.of(seen), (error) => expect(error).toBeUndefined());
  return seen;
}

/** Pages of domain A with a pattern in them, lent. */
function lend(length: number, options: Partial<RegisterOptions> = {}, start = 0) {
  const owner = all.of(A);
  const buffer = alloc(A, length, start);
  fill(owner, buffer, pattern(length));
  const registration = owner.register(buffer, { rights: 'readwrite', ...options })!;
  return { owner, buffer, registration, reference: registration.reference };
}

const unregister = (registration: Registration): Promise<void> => new Promise((done) => registration.unregister(done));

describe('pages lent to pages elsewhere', () => {
  test.each([3 * PAGE, TABLE * PAGE, (2 * TABLE + 3) * PAGE])('%i bytes are shared, not copied', async (length) => {
    const { reference, owner, buffer } = lend(length);
    const target = alloc(B, length);
    expect(await receive(all.of(B), reference, target)).toEqual(OK(length));
    const pages = length / PAGE;
    expect(all.machine.hv.frameUsage()).toEqual({ pages, references: 2 * pages, shared: pages, saved: pages });
    expect(look(all.of(B), target)).toEqual(pattern(length));

    fill(owner, slice(buffer, PAGE, 5), Uint8Array.of(9, 9, 9, 9, 9));
    expect(all.machine.hv.frameUsage()).toMatchObject({ pages: pages + 1, saved: pages - 1 });
    expect(look(all.of(B), target)).toEqual(pattern(length));
  });

  test('what is sent replaces what the owner had, page by page', async () => {
    const { reference, owner, buffer } = lend(TABLE * PAGE);
    const source = alloc(B, 10 * PAGE);
    const content = pattern(10 * PAGE, 5);
    fill(all.of(B), source, content);
    expect(await send(all.of(B), source, reference, 3 * PAGE)).toEqual(OK(10 * PAGE));
    const expected = pattern(TABLE * PAGE);
    expected.set(content, 3 * PAGE);
    expect(look(owner, buffer)).toEqual(expected);
    expect(all.machine.hv.frameUsage()).toMatchObject({ pages: TABLE, shared: 10 });
  });

  test.each([
    [0, 0, 0],
    [100, 0, 100],
    [100, PAGE, 100],
    [7, 4093, 500],
    [0, 1, 0],
  ])('wherever they start: %i, from byte %i on, to %i', async (start, from, to) => {
    const length = 70 * PAGE;
    const { reference } = lend(length, {}, start);
    const target = alloc(B, length - from, to);
    expect(await receive(all.of(B), reference, target, from)).toEqual(OK(length - from));
    expect(look(all.of(B), target)).toEqual(pattern(length).subarray(from));
    const alike = (start + from) % PAGE === to;
    expect(all.machine.hv.frameUsage().shared > 60).toBe(alike);
  });

  test('a hundred times: one copy, whoever ends first', async () => {
    const { reference, registration } = lend(8 * PAGE);
    const targets = Array.from({ length: 100 }, (_, index) => alloc(index % 2 === 0 ? B : C, 8 * PAGE));
    for (const [index, target] of targets.entries()) {
      expect(await receive(all.of(index % 2 === 0 ? B : C), reference, target)).toEqual(OK(8 * PAGE));
    }
    expect(all.machine.hv.frameUsage()).toEqual({ pages: 8, references: 808, shared: 8, saved: 800 });
    await unregister(registration);
    all.machine.hv.destroyDomain(A);
    all.machine.hv.destroyDomain(B);
    expect(all.machine.hv.frameUsage()).toEqual({ pages: 8, references: 400, shared: 8, saved: 392 });
    expect(look(all.of(C), targets[1]!)).toEqual(pattern(8 * PAGE));
  });

  test('by a reference that was attenuated and passed on by a domain that is dead', async () => {
    const { reference } = lend(10 * PAGE);
    const part = await all.of(B).attenuate(reference, { rights: 'read', offset: 2 * PAGE, length: 3 * PAGE });
    all.machine.hv.destroyDomain(B);
    const target = alloc(C, 3 * PAGE);
    expect(await receive(all.of(C), part as Uint8Array, target)).toEqual(OK(3 * PAGE));
    expect(look(all.of(C), target)).toEqual(pattern(10 * PAGE).subarray(2 * PAGE, 5 * PAGE));
    expect(all.machine.hv.frameUsage().shared).toBe(3);
    expect(await send(all.of(C), target, part as Uint8Array)).toEqual({ code: 'EACCES', bytes: 0 });
    expect(await receive(all.of(C), part as Uint8Array, target, 1)).toEqual({ code: 'ERANGE', bytes: 0 });
  });
});

describe('pages lent to other types', () => {
  test('bytes', async () => {
    const { reference, owner, buffer } = lend(200_000);
    const user = all.of(B);
    const target = new Uint8Array(150_000);
    expect(await receive(user, reference, user.bytes.of(target), 1234)).toEqual(OK(150_000));
    expect(target).toEqual(pattern(200_000).subarray(1234, 151_234));
    const content = pattern(100_000, 3);
    expect(await send(user, user.bytes.of(content), reference, 77)).toEqual(OK(100_000));
    const expected = pattern(200_000);
    expected.set(content, 77);
    expect(look(owner, buffer)).toEqual(expected);
  });

  test('a file', async () => {
    using image = tempImage(100_000);
    const fd = openSync(image.path, 'r');
    const { reference, owner, buffer } = lend(100_000);
    const user = all.of(B);
    expect(await send(user, user.file.of(fd, 0, 100_000), reference)).toEqual(OK(100_000));
    const seen = new Uint8Array(100_000);
    await receive(user, reference, user.bytes.of(seen));
    expect(look(owner, buffer)).toEqual(seen);
    closeSync(fd);
  });

  test('and memory lent to pages, which copies', async () => {
    const owner = all.of(A);
    const memory = await owner.alloc(5 * PAGE);
    bytesIn(memory).set(pattern(5 * PAGE));
    const { reference } = owner.register(memory, { rights: 'read' })!;
    const target = alloc(B, 5 * PAGE);
    expect(await receive(all.of(B), reference, target)).toEqual(OK(5 * PAGE));
    expect(look(all.of(B), target)).toEqual(pattern(5 * PAGE));
  });
});

test('an owner is asked about once for each of its memories, however they take turns', async () => {
  const { owner, reference } = lend(PAGE);
  const references = [reference];
  for (let count = 0; count < 2; count++) {
    references.push(owner.register(await owner.alloc(PAGE), { rights: 'read' })!.reference);
  }
  const user = all.of(B);
  const target = user.bytes.of(new Uint8Array(PAGE));
  for (const each of references) expect(await receive(user, each, target)).toEqual(OK(PAGE));
  for (const each of [...references, ...references]) {
    let completed = false;
    user.receive(each, 0, target, () => {
      completed = true;
    });
    expect(completed).toBe(true);
  }
});

describe('the registration of pages', () => {
  test('ends with a fence; after it nothing changes', async () => {
    const { reference, registration, owner, buffer } = lend(4 * PAGE);
    const source = alloc(B, 4 * PAGE);
    await unregister(registration);
    for (const type of [source, all.of(B).bytes.of(new Uint8Array(PAGE))]) {
      expect(await send(all.of(B), type, reference)).toEqual({ code: 'ESTALE', bytes: 0 });
      expect(await receive(all.of(B), reference, type)).toEqual({ code: 'ESTALE', bytes: 0 });
    }
    expect(look(owner, buffer)).toEqual(pattern(4 * PAGE));
  });

  test('keeps them from being freed', async () => {
    const { registration, buffer } = lend(4 * PAGE);
    expect(() => pools[0]!.free(buffer.base)).toThrow('lent');
    await unregister(registration);
    pools[0]!.free(buffer.base);
  });

  test('ends with the owner, while others hold what they shared', async () => {
    const { reference } = lend(TABLE * PAGE);
    const target = alloc(B, TABLE * PAGE);
    const user = all.of(B);
    await receive(user, reference, target);
    all.machine.hv.destroyDomain(A);
    expect(await receive(user, reference, target)).toEqual({ code: 'ESTALE', bytes: 0 });
    expect(look(user, target)).toEqual(pattern(TABLE * PAGE));
    expect(pagesOf(target).page(5)?.references).toBe(1);
  });

  test('never gives the real bytes, and is refused for pages that are gone', async () => {
    const { reference, owner, buffer, registration } = lend(PAGE, { by: 'map' });
    const pinned = await new Promise((done) => all.of(B).pin(reference, 0, 'read', done));
    expect(pinned).toBe('denied');
    await unregister(registration);
    pools[0]!.free(buffer.base);
    expect(() => owner.register(buffer, { rights: 'read' })).toThrow('freed');
  });

  test('counts what arrives', async () => {
    const map = await all.of(A).alloc(4 * PAGE);
    let filled = 0;
    const { reference } = lend(8 * PAGE, { fill: { map, onFilled: () => filled++ } });
    const half = alloc(B, 4 * PAGE);
    for (const offset of [4 * PAGE, 4 * PAGE, 0]) {
      await all.of(A).alloc(1);
      expect(filled).toBe(0);
      expect(await send(all.of(B), half, reference, offset)).toEqual(OK(4 * PAGE));
    }
    await until(() => filled === 1);
  });

  test('does not let a user at what else is in the pool', async () => {
    const secret = alloc(A, PAGE);
    fill(all.of(A), secret, pattern(PAGE, 9));
    const { reference } = lend(PAGE);
    const borrowed = await new Promise<BorrowedBuffer | undefined>((done) =>
      all.machine.dom(B).lending.open(reference, 0, done),
    );
    const local = alloc(B, TABLE * PAGE);
    for (const [offset, length] of [
      [-PAGE, PAGE],
      [PAGE, PAGE],
      [0, 2 * PAGE],
      [-TABLE * PAGE, PAGE],
      [0, -1],
      [Number.NaN, PAGE],
      [0, Number.NaN],
    ] as const) {
      expect(borrowed?.exchange('read', offset, local.base, 0, length, true)).toBe('range');
    }
    for (const at of [-PAGE, -1, 0.5, Number.NaN, TABLE * PAGE]) {
      expect(() => borrowed?.exchange('read', 0, local.base, at, PAGE, true)).toThrow('bytes at');
    }
    expect(all.machine.hv.frameUsage().shared).toBe(0);
  });
});
