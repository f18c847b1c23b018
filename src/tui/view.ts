// SPDX-License-Identifier: Apache-2.0
import { domainColumns } from './columns.ts';
import type { DomainRow } from './sample.ts';
import { sortRows } from './table.ts';

/** What the user has chosen; together with a sample it is all that the screen shows. */
export interface View {
  /** Domid of the selected domain; undefined is the first. */
  readonly selected: number | undefined;
  /** Key of the column that sorts; undefined is by domid. */
  readonly sort: string | undefined;
  readonly paused: boolean;
  readonly help: boolean;
  /** What has been typed at the question for the delay, while it is open. */
  readonly entry: string | undefined;
  /** Seconds between two rounds. */
  readonly delay: number;
  /** Set by the key that quits. */
  readonly done: boolean;
}

/** Shorter would be work without anything to see. */
const DELAY_MIN = 0.1;

/** The view at the start. */
export function initialView(delay: number): View {
  return {
    selected: undefined,
    sort: undefined,
    paused: false,
    help: false,
    entry: undefined,
    delay: clampDelay(delay) ?? DELAY_MIN,
    done: false,
  };
}

/** A delay in seconds, not too short; undefined when it is no time at all. */
export function clampDelay(seconds: number): number | undefined {
  return Number.isFinite(seconds) && seconds > 0 ? Math.max(DELAY_MIN, seconds) : undefined;
}

/** The domains in the order of the view. */
export function orderDomains(rows: readonly DomainRow[], sort: string | undefined): readonly DomainRow[] {
  const column = domainColumns.find(({ key }) => key === sort);
  return column ? sortRows(rows, column) : [...rows].sort((a, b) => a.domid - b.domid);
}
