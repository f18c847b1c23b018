// SPDX-License-Identifier: Apache-2.0

/** Lets through so many lines in each span of time, and counts the others. */
export interface LineLimit {
  /** Whether one more line may be written now. */
  admits(): boolean;
}

/** How many lines one domain may bring about. */
export interface LineQuota {
  readonly lines: number;
  /** Milliseconds. */
  readonly span: number;
}

/** Enough for dozens of devices that connect at once; a domain that does no more than that all day fills one of the log's files in hours. */
export const DOMAIN_QUOTA: LineQuota = { lines: 500, span: 10_000 };

/** @param report told, at the end of a span, how many lines were not admitted in it, if any */
export function createLineLimit(report: (suppressed: number) => void, { lines, span }: LineQuota): LineLimit {
  let left = lines;
  let suppressed = 0;
  let ends = 0;

  function settle(): void {
    if (suppressed > 0) report(suppressed);
    suppressed = 0;
    left = lines;
  }

  return {
    admits() {
      const now = Date.now();
      // Also if the clock was set back.
      if (now >= ends || now < ends - span) {
        settle();
        ends = now + span;
      }
      if (left-- > 0) return true;
      // Nothing more may come, and the count is wanted all the same.
      if (suppressed++ === 0) setTimeout(settle, ends - now).unref();
      return false;
    },
  };
}
