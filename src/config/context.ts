// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass } from '../devices/contract.ts';
import type { Span } from '../sxp/contract.ts';
import type { Report } from '../sxp/report.ts';

/** What a configuration is read with. */
export interface ReadOptions {
  /** `sxp` if it is nothing else; absent, it is recognised ({@link isPython}). */
  readonly format?: 'sxp' | undefined;
  /** `NAME=VALUE` each, for a Python-style configuration. */
  readonly variables?: readonly string[] | undefined;
  /** Absolute; relative paths of the configuration start here. */
  readonly directory: string;
  /** All device classes there are. */
  readonly classes: readonly DeviceClass[];
}

/** Where findings go. */
export interface Findings {
  readonly report: Report;
  /** ` on line N`, to point at a second place; empty where there are no lines. */
  readonly place: (span: Span) => string;
}

/** What every part of the reader is handed. */
export interface Context extends ReadOptions, Findings {
  /** False if the text has syntax errors: then what is missing may just have been lost, and is not reported. */
  readonly complete: boolean;
}
