// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Done, LocalBuffer, Provider } from '../../../../src/idc/buffers/contract.ts';
import { localBuffer, slice } from '../../../../src/idc/buffers/local-buffer.ts';
import { STACK_BYTES } from '../../../../src/idc/buffers/stack.ts';
import { createBufferTypes } from '../../../../src/idc/buffers/types.ts';
import { type Outcome, pattern, reversedProvider, run } from './makers.ts';

const LONG = 5 * STACK_BYTES + 17;

interface Behaviour {
  /** Says how a chunk ends; all of it at once unless said. */
  readonly end?: (length: number, done: Done, call: number) => void;
}

/** Plain memory that completes as told, and records the lengths it is asked for. */
function recorder({ end = (length, done) => done(undefined, length) }: Behaviour = {}) {
  const asked: { readonly to: 'stack' | 'base'; readonly length: number }[] = [];
  const discarded: (readonly [number, number])[] = [];
  const provider: Provider<Uint8Array> = {
    name: 'recorder',
    copyToStack(base, offset, stack, length, done) {
      asked.push({ to: 'stack', length });
      stack.set(base.subarray(offset, offset + length));
      end(length, done, asked.length);
    },
    copyFromStack(base, offset, stack, length, done) {
      asked.push({ to: 'base', length });
      base.set(stack.subarray(0, length), offset);
      end(length, done, asked.length);
    },
    discard: (_base, offset, length) => void discarded.push([offset, length]),
  };
  return { provider, asked, discarded };
}

/** A registry with the types of both providers, and a buffer of each. */
function setup(from: Provider<Uint8Array>, to: Provider<Uint8Array>, length = LONG) {
  const types = createBufferTypes();
  const source = types.register(from);
  const target = types.register(to);
  const data = pattern(length);
  const room = new Uint8Array(length);
  return {
    types,
    data,
    room,
    from: localBuffer(source, data, 0, length),
    to: localBuffer(target, room, 0, length),
  };
}

/** The outcome of what completes before it returns. */
function now(start: (done: Done) => void): Outcome {
  let outcome: Outcome | undefined;
  start((error, bytes) => {
    expect(outcome).toBeUndefined();
    outcome = { error, bytes };
  });
  if (outcome === undefined) throw new Error('not complete');
  return outcome;
}

const code = (value: string) => expect.objectContaining({ code: value });

describe('the copy through the stack', () => {
  test('goes in bounded chunks and completes before it returns when the providers do', () => {
    const source = recorder();
    const target = recorder();
    const { types, from, to, data, room } = setup(source.provider, target.provider);
    expect(now((done) => types.copy(from, to, done))).toEqual({ error: undefined, bytes: LONG });
    expect(room).toEqual(data);
    expect(source.asked.map(({ length }) => length)).toEqual([...Array(5).fill(STACK_BYTES), 17]);
    expect(target.asked.map(({ length }) => length)).toEqual([...Array(5).fill(STACK_BYTES), 17]);
  });

  test('waits for providers that complete later', async () => {
    const later: Behaviour = { end: (length, done) => void setImmediate(done, undefined, length) };
    const { types, from, to, data, room } = setup(recorder(later).provider, recorder(later).provider);
    expect(await run(types, 'copy', from, to)).toEqual({ error: undefined, bytes: LONG });
    expect(room).toEqual(data);
  });

  test('many chunks need no deep call stack', () => {
    const length = 20_000 * STACK_BYTES;
    const nothing: Provider<null> = {
      name: 'nothing',
      copyToStack: (_base, _offset, _stack, size, done) => done(undefined, size),
      copyFromStack: (_base, _offset, _stack, size, done) => done(undefined, size),
    };
    const types = createBufferTypes();
    const from = localBuffer(types.register(nothing), null, 0, length);
    const to = localBuffer(types.register(nothing), null, 0, length);
    expect(now((done) => types.copy(from, to, done))).toEqual({ error: undefined, bytes: length });
  });

  const broken = new Error('broken');
  test.each<[string, Behaviour, Behaviour, number, unknown]>([
    [
      'the third read fails',
      { end: (length, done, call) => done(call === 3 ? broken : null, call === 3 ? 5 : length) },
      {},
      2 * STACK_BYTES,
      broken,
    ],
    [
      'the second write fails after 7 bytes',
      {},
      { end: (length, done, call) => done(call === 2 ? broken : null, call === 2 ? 7 : length) },
      STACK_BYTES + 7,
      broken,
    ],
    ['a read is too short', { end: (length, done) => done(undefined, length - 1) }, {}, 0, code('EIO')],
    ['a write is too short', {}, { end: (length, done) => done(undefined, length - 1) }, STACK_BYTES - 1, code('EIO')],
    [
      'a read throws',
      {
        end() {
          throw broken;
        },
      },
      {},
      0,
      broken,
    ],
    [
      'a later write throws',
      { end: (length, done) => void setImmediate(done, undefined, length) },
      {
        end() {
          throw broken;
        },
      },
      0,
      broken,
    ],
  ])('reports the bytes that are done when %s', async (_name, source, target, bytes, error) => {
    const { types, from, to, data, room } = setup(recorder(source).provider, recorder(target).provider);
    expect(await run(types, 'copy', from, to)).toEqual({ error, bytes });
    expect(room.subarray(0, bytes)).toEqual(data.subarray(0, bytes));
  });

  test('copies that run at the same time do not share their stack', async () => {
    const later: Behaviour = { end: (length, done) => void setImmediate(done, undefined, length) };
    const { types, from, to, data, room } = setup(recorder(later).provider, recorder(later).provider);
    const parts = Array.from({ length: 20 }, (_, index) => [index * 1000, 1000 + index] as const);
    await Promise.all(
      parts.map(([offset, length]) => run(types, 'copy', slice(from, offset, length), slice(to, offset, length))),
    );
    expect(room.subarray(0, 20_000)).toEqual(data.subarray(0, 20_000));
  });

  test('the stack of a copy that failed is not used for others', async () => {
    let stale: Uint8Array | undefined;
    const source: Provider<Uint8Array> = {
      ...recorder().provider,
      copyToStack(base, offset, stack, length, done) {
        if (stale !== undefined) {
          stack.set(base.subarray(offset, offset + length));
          stale.fill(0xee);
          done(undefined, length);
          return;
        }
        stale = stack;
        throw broken;
      },
    };
    const { types, from, to, data, room } = setup(source, recorder().provider, 100);
    await run(types, 'copy', from, to);
    await run(types, 'copy', from, to);
    expect(room).toEqual(data);
  });
});

describe('copy', () => {
  const plain = () => setup(recorder().provider, recorder().provider, 10);

  test('needs room for all of the source and leaves the rest of the target alone', () => {
    const { types, from, to, data, room } = plain();
    expect(now((done) => types.copy(from, slice(to, 0, 9), done))).toEqual({ error: code('ERANGE'), bytes: 0 });
    expect(room).toEqual(new Uint8Array(10));
    expect(now((done) => types.copy(slice(from, 2, 3), slice(to, 4), done))).toEqual({ error: undefined, bytes: 3 });
    expect([...room]).toEqual([0, 0, 0, 0, ...data.subarray(2, 5), 0, 0, 0]);
  });

  test('of nothing succeeds and asks no provider', () => {
    const source = recorder();
    const { types, from, to } = setup(source.provider, recorder().provider);
    expect(now((done) => types.copy(slice(from, 3, 0), to, done))).toEqual({ error: undefined, bytes: 0 });
    expect(source.asked).toEqual([]);
  });

  test.each<[string, Partial<LocalBuffer>]>([
    ['a negative offset', { offset: -1 }],
    ['half a byte', { length: 1.5 }],
    ['no number', { length: Number.NaN }],
    ['more than can be counted', { offset: Number.MAX_SAFE_INTEGER }],
  ])('refuses a range with %s', (_name, wrong) => {
    const { types, from, to } = plain();
    expect(now((done) => types.copy({ ...from, ...wrong }, to, done))).toEqual({ error: code('ERANGE'), bytes: 0 });
    expect(now((done) => types.copy(from, { ...to, ...wrong }, done))).toEqual({ error: code('ERANGE'), bytes: 0 });
  });

  test('refuses a type of another registry, also one that looks the same', () => {
    const one = plain();
    const { types, from, to } = plain();
    expect(now((done) => types.copy(one.from, to, done))).toEqual({ error: code('EINVAL'), bytes: 0 });
    expect(now((done) => types.copy(from, one.to, done))).toEqual({ error: code('EINVAL'), bytes: 0 });
    expect(() => types.pair(one.from.type, to.type, () => {})).toThrow('unknown here');
  });

  test('each started by the completion of the one before: no overflow, and in order', () => {
    const { types, from, to } = plain();
    let count = 0;
    const again: Done = (error) => {
      expect(error).toBeUndefined();
      count++;
      if (count < 100_000) types.copy(from, to, again);
    };
    types.copy(from, to, again);
    expect(count).toBe(100_000);
  });

  test('what a completion throws is its caller’s, and later copies go on', async () => {
    const { types, from, to } = plain();
    const mine = new Error('mine');
    expect(() =>
      types.copy(from, to, () => {
        throw mine;
      }),
    ).toThrow(mine);
    expect(now((done) => types.copy(from, to, done)).error).toBeUndefined();

    // Nested so deeply that some wait for the outermost, one of which throws.
    let ended = 0;
    const nest = (depth: number): void =>
      types.copy(from, to, () => {
        ended++;
        if (depth < 40) nest(depth + 1);
        if (depth === 20) throw mine;
      });
    expect(() => nest(0)).toThrow(mine);
    await Promise.resolve();
    expect(ended).toBe(41);
  });
});

describe('a method for a pair', () => {
  test('overrides the stack, for that direction of those types only', () => {
    const source = recorder();
    const { types, from, to, data, room } = setup(source.provider, recorder().provider);
    types.pair(from.type, to.type, (one, other, done) => {
      other.base.set(one.base.subarray(one.offset, one.offset + one.length), other.offset);
      done(undefined, one.length);
    });
    expect(now((done) => types.copy(slice(from, 1, 8), slice(to, 3), done))).toEqual({ error: undefined, bytes: 8 });
    expect(room.subarray(3, 11)).toEqual(data.subarray(1, 9));
    expect(source.asked).toEqual([]);
    expect(now((done) => types.copy(to, from, done)).error).toBeUndefined();
    expect(source.asked.length).toBeGreaterThan(0);
  });

  test('gets equal lengths; what it throws or leaves out is an error', () => {
    const { types, from, to } = setup(recorder().provider, recorder().provider);
    types.pair(from.type, to.type, (one, other, done) => {
      expect(other.length).toBe(one.length);
      done(undefined, one.length - 1);
    });
    expect(now((done) => types.copy(slice(from, 0, 8), to, done))).toEqual({ error: code('EIO'), bytes: 7 });
    const broken = new Error('broken');
    types.pair(to.type, from.type, () => {
      throw broken;
    });
    expect(now((done) => types.copy(to, from, done))).toEqual({ error: broken, bytes: 0 });
  });

  test('exists once', () => {
    const { types, from, to } = setup(recorder().provider, recorder().provider);
    types.pair(from.type, to.type, () => {});
    expect(() => types.pair(from.type, to.type, () => {})).toThrow('already');
  });
});

describe('move', () => {
  test('lets the provider give up exactly what was moved', () => {
    const source = recorder();
    const { types, from, to, data, room } = setup(source.provider, recorder().provider);
    expect(now((done) => types.move(slice(from, 5, 50), to, done))).toEqual({ error: undefined, bytes: 50 });
    expect(room.subarray(0, 50)).toEqual(data.subarray(5, 55));
    expect(source.discarded).toEqual([[5, 50]]);
  });

  test('works for a type that gives nothing up, and gives nothing up when it fails', () => {
    const source = recorder();
    const { types, from, to } = setup(source.provider, reversedProvider(), 10);
    expect(now((done) => types.move(to, from, done)).error).toBeUndefined();
    expect(now((done) => types.move(from, slice(to, 0, 3), done))).toEqual({ error: code('ERANGE'), bytes: 0 });
    expect(source.discarded).toEqual([]);
  });

  test('refuses ranges that overlap, and only those', () => {
    const source = recorder();
    const { types, from } = setup(source.provider, recorder().provider, 30);
    const move = (offset: number, length: number, to: number) =>
      now((done) => types.move(slice(from, offset, length), slice(from, to), done)).error;
    expect(move(0, 10, 9)).toEqual(code('EINVAL'));
    expect(move(9, 10, 0)).toEqual(code('EINVAL'));
    expect(move(4, 10, 4)).toEqual(code('EINVAL'));
    expect(move(0, 10, 10)).toBeUndefined();
    expect(move(10, 10, 0)).toBeUndefined();
    expect(move(4, 0, 4)).toBeUndefined();
    expect(source.discarded).toEqual([
      [0, 10],
      [10, 10],
    ]);
  });

  test('a provider that cannot give up says so, and all bytes are done', () => {
    const broken = new Error('broken');
    const provider: Provider<Uint8Array> = {
      ...recorder().provider,
      discard() {
        throw broken;
      },
    };
    const { types, from, to } = setup(provider, recorder().provider, 10);
    expect(now((done) => types.move(from, to, done))).toEqual({ error: broken, bytes: 10 });
  });
});

describe('stack buffers', () => {
  test('look at what lies elsewhere with one call of its provider, and put it back', () => {
    const source = recorder();
    const { types, from, data } = setup(source.provider, recorder().provider);
    const stack = types.takeStack();
    expect(stack.length).toBe(STACK_BYTES);
    expect(now((done) => types.copy(slice(from, 3, 100), slice(stack, 8), done)).error).toBeUndefined();
    expect(stack.base.subarray(8, 108)).toEqual(data.slice(3, 103));
    expect(now((done) => types.copy(slice(stack, 8, 100), slice(from, 1000), done)).error).toBeUndefined();
    expect(data.slice(1000, 1100)).toEqual(data.slice(3, 103));
    expect(source.asked).toEqual([
      { to: 'stack', length: 100 },
      { to: 'base', length: 100 },
    ]);
  });

  test('are given back once, and only here', () => {
    const { types, to } = setup(recorder().provider, recorder().provider);
    const stack = types.takeStack();
    types.giveStack(slice(stack, 3, 4));
    expect(() => types.giveStack(stack)).toThrow('twice');
    expect(() => types.giveStack(to)).toThrow('no stack buffer');
    expect(types.takeStack().base).not.toBe(types.takeStack().base);
  });
});

describe('slice', () => {
  const type = createBufferTypes().stack;
  const buffer = localBuffer(type, new Uint8Array(100), 10, 50);

  test('is a part of the same base', () => {
    expect(slice(buffer, 5, 20)).toEqual({ type, base: buffer.base, offset: 15, length: 20 });
    expect(slice(slice(buffer, 5), 45)).toEqual({ type, base: buffer.base, offset: 60, length: 0 });
  });

  test.each([
    [-1, 2],
    [0, 51],
    [51, 0],
    [1.5, 2],
    [0, -1],
    [Number.NaN, 1],
    [60, undefined],
  ])('refuses %d, %d', (offset, length) => {
    expect(() => slice(buffer, offset, length)).toThrow(RangeError);
  });
});
