// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEventQueue } from '../../../src/xenstore/events.ts';

const watch = (id: number) => ({ id, given: `/w${id}` });

describe('event queue', () => {
  test('is a queue without equal entries', () => {
    const queue = createEventQueue<ReturnType<typeof watch>>(10);
    const [a, b] = [watch(1), watch(2)];
    for (const path of ['/x', '/y', '/x']) queue.push(path, a);
    queue.push('/x', b);
    expect([queue.take(), queue.take(), queue.take(), queue.take()]).toEqual([
      { path: '/x', watch: a },
      { path: '/y', watch: a },
      { path: '/x', watch: b },
      undefined,
    ]);
  });

  test('what is restored is first again, and still merges with its equals', () => {
    const queue = createEventQueue<ReturnType<typeof watch>>(10);
    const a = watch(1);
    queue.push('/x', a);
    queue.push('/y', a);
    queue.restore(queue.take()!);
    queue.push('/x', a);
    expect(queue.size).toBe(2);
    expect(queue.take()?.path).toBe('/x');
  });

  test('never holds more than the limit and one per watch; every pushed path is covered', () => {
    const push = fc.record({ id: fc.integer({ min: 1, max: 4 }), n: fc.integer({ min: 0, max: 30 }) });
    fc.assert(
      fc.property(fc.array(push, { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (pushes, limit) => {
        const watches = [1, 2, 3, 4].map(watch);
        const queue = createEventQueue<ReturnType<typeof watch>>(limit);
        for (const { id, n } of pushes) {
          queue.push(`/w${id}/${n}`, watches[id - 1]!);
          expect(queue.size).toBeLessThanOrEqual(limit + 4);
        }
        const got = new Set<string>();
        for (let event = queue.take(); event; event = queue.take()) got.add(event.path);
        for (const { id, n } of pushes) expect(got.has(`/w${id}/${n}`) || got.has(`/w${id}`)).toBe(true);
      }),
    );
  });
});
