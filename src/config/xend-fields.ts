// SPDX-License-Identifier: Apache-2.0
import { boolean, type Check, choice, integer } from './values.ts';

/** How important lines of the log are, from the least on (spec/xend.md 5.7). */
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;

/** The keys of `xend-config.sxp` (spec/xend.md 5.6) that have one value, `(KEY VALUE)`, and a default. */
export interface XendValues {
  /** Lines below it are not written. */
  readonly loglevel: (typeof LEVELS)[number];
  /** KiB of what a console said that are kept. */
  readonly 'console-limit': number;
  /** Seconds in which a device has to be connected. */
  readonly 'device-create-timeout': number;
  /** Seconds in which an end of a device has to let go of it. */
  readonly 'device-destroy-timeout': number;
  /** A domain that crashed leaves a core, whatever its `on_crash` is. */
  readonly 'enable-dump': boolean;
  /** MB of the machine's memory that no domain but Domain-0 gets. */
  readonly 'dom0-min-mem': number;
  /** MB that Domain-0 and all others may have together; 0 for what the machine has. */
  readonly total_available_memory: number;
}

interface XendField<T> {
  readonly check: Check<T>;
  readonly default: T;
}

const MOST_MEMORY = 2 ** 24;
const HOUR = 3600;

/** How each of them is read. */
export const XEND_FIELDS: { readonly [K in keyof XendValues]: XendField<XendValues[K]> } = {
  loglevel: { check: choice(LEVELS), default: 'DEBUG' },
  'console-limit': { check: integer(1, 65_536), default: 256 },
  'device-create-timeout': { check: integer(1, HOUR), default: 20 },
  'device-destroy-timeout': { check: integer(1, HOUR), default: 20 },
  'enable-dump': { check: boolean, default: false },
  'dom0-min-mem': { check: integer(0, MOST_MEMORY), default: 0 },
  total_available_memory: { check: integer(0, MOST_MEMORY), default: 0 },
};
