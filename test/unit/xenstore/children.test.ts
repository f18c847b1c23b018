// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Children,
  changedChildren,
  countChildren,
  eachChild,
  getChild,
  noChildren,
  swapChild,
  withChild,
  withoutChild,
} from '../../../src/xenstore/children.ts';

interface Entry {
  readonly name: string;
  readonly value: number;
}

const contents = (map: Children<Entry>) =>
  new Map([...eachChild(map)].map(({ name, value }) => [name, value] as const));

describe('children', () => {
  test('behaves as a map, and old versions stay as they were', () => {
    const step = fc.record({ name: fc.integer({ min: 0, max: 60 }).map(String), value: fc.option(fc.nat()) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const model = new Map<string, number>();
        let map: Children<Entry> = noChildren();
        const versions: [Children<Entry>, Map<string, number>][] = [];
        for (const { name, value } of steps) {
          if (value === null) {
            map = withoutChild(map, name);
            model.delete(name);
          } else {
            const known = value % 2 === 0 ? getChild(map, name) : undefined;
            const entry = { name, value };
            map = known === undefined ? withChild(map, entry) : swapChild(map, known, entry);
            model.set(name, value);
          }
          expect(countChildren(map)).toBe(model.size);
          expect(getChild(map, name)?.value).toBe(model.get(name));
          versions.push([map, new Map(model)]);
        }
        for (const [version, expected] of versions) expect(contents(version)).toEqual(expected);
        for (const [from] of versions) {
          const known = new Map([...eachChild(from)].map((entry) => [entry.name, entry]));
          for (const [was, is] of changedChildren(from, map)) {
            const name = (was ?? is)!.name;
            expect([was, is]).toEqual([known.get(name), getChild(map, name)]);
            expect(was).not.toBe(is);
            if (is === undefined) known.delete(name);
            else known.set(name, is);
          }
          expect(new Set(known.values())).toEqual(new Set(eachChild(map)));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a large directory shares almost everything with its previous version', () => {
    let map: Children<Entry> = noChildren();
    for (let i = 0; i < 20_000; i++) map = withChild(map, { name: `n${i}`, value: i });
    const next = withChild(map, { name: 'n7', value: -1 });
    const before = new Set(eachChild(map));
    expect([...eachChild(next)].filter((entry) => !before.has(entry))).toEqual([{ name: 'n7', value: -1 }]);
    const slots = (of: Children<Entry>) => ('slots' in of ? of.slots : []);
    expect(slots(map)).toHaveLength(16);
    expect(slots(map).filter((slot, i) => slot !== slots(next)[i])).toHaveLength(1);
  });

  test('removal of all leaves the empty map, removal of nothing the same map', () => {
    let map: Children<Entry> = noChildren();
    for (let i = 0; i < 500; i++) map = withChild(map, { name: `n${i}`, value: i });
    expect(withoutChild(map, 'other')).toBe(map);
    for (let i = 0; i < 500; i++) map = withoutChild(map, `n${i}`);
    expect(map).toEqual(noChildren());
  });
});
