// SPDX-License-Identifier: Apache-2.0
import type { Span } from '../../sxp/contract.ts';

/** Ends an evaluation: what is wrong, and where. It never leaves this folder; `evaluate` reports it. */
export class Refused extends Error {
  /** `python-value`: a wrong value, which whoever asked for it may put into better words. */
  readonly code: 'python-value' | 'python-not-supported' | 'python-limit' | 'python-name';
  readonly span: Span;
  readonly hint: string | undefined;

  constructor(code: Refused['code'], message: string, span: Span, hint?: string) {
    super(message);
    this.code = code;
    this.span = span;
    this.hint = hint;
  }
}

/** What Python could do here and a configuration cannot. */
export function notSupported(what: string, span: Span): Refused {
  return new Refused('python-not-supported', `not supported in a configuration: ${what}`, span);
}

/** A value that does not fit. */
export function wrongValue(message: string, span: Span): Refused {
  return new Refused('python-value', message, span);
}
