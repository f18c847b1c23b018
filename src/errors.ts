// SPDX-License-Identifier: Apache-2.0

/** Exit statuses of codes that scripts tell apart from others. */
const STATUSES: Readonly<Record<string, number>> = { ENODOMAIN: 3, ETIMEOUT: 124 };

/** What an {@link XmError} may carry beside its message. */
export interface XmErrorDetails {
  /** Exit status of the command line: 1, or 3 for an unknown domain, or 124 when time ran out; unless the code says it. */
  readonly exit?: number;
  /** One line that says what to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The one error that people see: `Error: MESSAGE`, then the hint. Thrown for what a user or a peer did wrong; a defect of
 * ours stays a plain `Error`. Outcomes that callers expect (full, gone, refused) are values, not errors.
 */
export class XmError extends Error {
  /** Stable word for programs, e.g. `ENODOMAIN`; kept by `--json` and over the wire. */
  readonly code: string;
  readonly exit: number;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: XmErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'XmError';
    this.code = code;
    this.exit = details.exit ?? STATUSES[code] ?? 1;
    this.hint = details.hint;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'something was thrown that cannot be shown';
  }
}

/** The command line's `Domain 'x' does not exist.`, exit status 3 (spec/xend.md 4.4). */
export function noSuchDomain(name: string): XmError {
  return new XmError('ENODOMAIN', `Domain '${name}' does not exist.`);
}
