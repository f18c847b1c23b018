// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printConfig } from '../../src/config/print.ts';
import { readConfig } from '../../src/config/read.ts';
import { renderDiagnostics } from '../../src/sxp/render.ts';
import { options } from '../unit/config/classes.ts';

const valid = `(vm
    (name web) (memory 32)
    (image (js (kernel web.ts) (args 'a b')))
    (backend (vbd))
    (device (vbd (uname file:x.img) (dev xvda) (mode w)))
    (device (vif (mac 00:16:3e:00:00:01)))
)
`;

/** Cuts a piece out of the text and puts something, or a piece from elsewhere, in its place. */
const place = fc.nat(valid.length);
const piece = fc.oneof(
  fc.constantFrom('', '(', ')', '()', "'", '"\\q"', ' x ', '(x)', '<<a<', '(@ (id 1))', '__proto__', 'constructor'),
  fc.tuple(place, fc.nat(30)).map(([start, length]) => valid.slice(start, start + length)),
);
const edits = fc.array(fc.record({ at: place, length: fc.nat(12), piece }), { maxLength: 4 });

test('a damaged configuration is read completely or refused with reasons, and never throws', () => {
  const outcomes = { read: 0, refused: 0 };
  fc.assert(
    fc.property(edits, (all) => {
      const text = all.reduce(
        (now, edit) => now.slice(0, edit.at) + edit.piece + now.slice(edit.at + edit.length),
        valid,
      );
      const source = { name: 'fuzz.sxp', text };
      const { configs, diagnostics } = readConfig(source, options);
      expect(configs === undefined).toBe(diagnostics.length > 0);
      if (configs === undefined) {
        outcomes.refused++;
        expect(renderDiagnostics(source, diagnostics)).toContain(': error: ');
        return;
      }
      outcomes.read++;
      for (const config of configs) expect(Object.values(config)).not.toContain(undefined);
      const printed = configs.map(printConfig).join('');
      expect(readConfig({ name: 'printed', text: printed }, options).configs).toEqual(configs);
    }),
    { numRuns: 2000 },
  );
  expect(outcomes.read).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
});
