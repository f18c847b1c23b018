// SPDX-License-Identifier: Apache-2.0
import type { XmError } from '../../errors.ts';
import type { XendClient } from '../../xend/client.ts';
import type { XendStatus } from '../../xend/contract.ts';
import type { RunPaths } from '../../xend/paths.ts';

/** What a check found. A `note` is worth knowing and nothing to repair. */
export interface Finding {
  readonly check: string;
  readonly grade: 'ok' | 'note' | 'problem';
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** What all checks may look at. */
export interface Patient {
  readonly paths: RunPaths;
  /** One that starts no xend. */
  readonly client: XendClient;
  /** Of the xend that answers; else why there is none to ask. */
  readonly xend: XendStatus | XmError;
  /** The process that holds the run directory, whether it answers or not. */
  readonly pid: number | undefined;
}

/** One check. What it throws is a problem too. */
export interface Check {
  readonly name: string;
  /** @returns what it found, without its own name; nothing if that is not its affair now */
  readonly look: (patient: Patient) => Promise<readonly Omit<Finding, 'check'>[]>;
}
