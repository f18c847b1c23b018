// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic, Span } from './contract.ts';
import { MAX_DIAGNOSTICS } from './limits.ts';

/** Takes one error of a text: code, message, the place and, if something can be advised, a hint. */
export type Report = (code: string, message: string, span: Span, hint?: string) => void;

/** A place to collect the errors of one text. */
export interface Collector {
  readonly report: Report;
  /** @returns everything reported so far in the order of the text, at most {@link MAX_DIAGNOSTICS} and one that says how many more. */
  done(): Diagnostic[];
}

/** Collects errors within bounds: a hostile text may hold millions of them. */
export function collector(): Collector {
  const found: Diagnostic[] = [];
  let dropped = 0;
  let firstDropped: Span | undefined;
  const report: Report = (code, message, span, hint) => {
    if (found.length < MAX_DIAGNOSTICS) {
      found.push({ code, severity: 'error', message, span, ...(hint === undefined ? {} : { hint }) });
      return;
    }
    dropped++;
    firstDropped ??= span;
  };
  const done = () => {
    const sorted = found.toSorted((a, b) => a.span.start - b.span.start);
    if (firstDropped !== undefined) {
      const message = `too many errors: ${dropped} more not shown`;
      sorted.push({ code: 'sxp-too-many-errors', severity: 'error', message, span: firstDropped });
    }
    return sorted;
  };
  return { report, done };
}
