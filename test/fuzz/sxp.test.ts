// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toSxp } from '../../src/sxp/access.ts';
import type { Source, Sxp } from '../../src/sxp/contract.ts';
import { parse } from '../../src/sxp/parse.ts';
import { prettyPrint } from '../../src/sxp/pretty.ts';
import { renderDiagnostics } from '../../src/sxp/render.ts';
import { show } from '../../src/sxp/show.ts';

/** Every UTF-16 unit, lone surrogates too, with a preference for what means something to the reader. */
const character = fc.oneof(
  fc.constantFrom(...'()\'"\\#<>*;[]{} \n\t\rxa01'),
  fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const text = fc.array(character, { maxLength: 30 }).map((characters) => characters.join(''));
const value: fc.Arbitrary<Sxp> = fc.letrec<{ tree: Sxp }>((tie) => ({
  tree: fc.oneof({ maxDepth: 6 }, text, fc.array(tie('tree'), { maxLength: 8 })),
})).tree;

function read(source: string) {
  const { forms, diagnostics } = parse({ name: 'fuzz', text: source });
  return { forms: forms.map(toSxp), diagnostics };
}

describe('what is printed is read back', () => {
  test('by show', () => {
    fc.assert(
      fc.property(value, (tree) => {
        expect(read(show(tree))).toEqual({ forms: [tree], diagnostics: [] });
      }),
      { numRuns: 1000 },
    );
  });

  test('by prettyPrint', () => {
    fc.assert(
      fc.property(value, (tree) => {
        expect(read(prettyPrint(tree))).toEqual({ forms: [tree], diagnostics: [] });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('any text', () => {
  const anything = fc.array(text, { maxLength: 10 }).map((parts) => parts.join(' '));

  test('is read without a throw, and its findings have places in the text and can be shown', () => {
    fc.assert(
      fc.property(anything, (input) => {
        const source: Source = { name: 'fuzz', text: input };
        const { diagnostics } = parse(source);
        for (const { span } of diagnostics) {
          expect(span.start).toBeLessThan(span.end);
          expect(span.end).toBeLessThanOrEqual(input.length);
        }
        const starts = diagnostics.map(({ span }) => span.start);
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        renderDiagnostics(source, diagnostics);
      }),
      { numRuns: 2000 },
    );
  });

  test('gives forms that are printed and read back, and spans that are read alone as the same form', () => {
    fc.assert(
      fc.property(anything, (input) => {
        const { forms, diagnostics } = parse({ name: 'fuzz', text: input });
        expect(read(forms.map((form) => show(toSxp(form))).join('\n')).forms).toEqual(forms.map(toSxp));
        if (diagnostics.length > 0) return;
        for (const form of forms) {
          expect(read(input.slice(form.span.start, form.span.end)).forms).toEqual([toSxp(form)]);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
