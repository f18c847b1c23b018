// SPDX-License-Identifier: Apache-2.0
import type { Source, Span } from './contract.ts';

/** Where an offset is, as people count. */
export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** The line as offsets, without its end. */
  readonly span: Span;
}

/** Line starts of a source, made when the first position is asked for. */
const tables = new WeakMap<Source, readonly number[]>();

function lineStarts(source: Source): readonly number[] {
  const known = tables.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  for (let at = source.text.indexOf('\n'); at >= 0; at = source.text.indexOf('\n', at + 1)) starts.push(at + 1);
  tables.set(source, starts);
  return starts;
}

/** The position of an offset into `source`; an offset behind the end counts as the end. */
export function positionOf(source: Source, offset: number): Position {
  const starts = lineStarts(source);
  const at = Math.min(offset, source.text.length);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  const start = starts[low]!;
  const next = starts[low + 1];
  let end = next === undefined ? source.text.length : next - 1;
  if (end > start && source.text[end - 1] === '\r') end--;
  return { line: low + 1, column: at - start + 1, span: { start, end } };
}
