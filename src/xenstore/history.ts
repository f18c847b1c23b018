// SPDX-License-Identifier: Apache-2.0
import { StoreError } from './contract.ts';
import type { Workspace } from './workspace.ts';

/** An operation, free to be run again in another workspace. */
export type Action<T = unknown> = (work: Workspace) => T;

/** What a transaction was asked and what it answered, so that it can be asked again. */
export interface History {
  /** Runs an operation and remembers its outcome. */
  run<T>(work: Workspace, action: Action<T>): T;
  /** Asks everything again in another workspace. @returns whether every answer was the same */
  repeat(work: Workspace): boolean;
}

/** More requests of one transaction are not remembered: in a conflict it has to be started over by its owner. */
const LIMIT = 4096;

interface Entry {
  readonly action: Action;
  readonly outcome: unknown;
}

/** Outcomes are compared as texts: values, names and permissions are all that an operation shows. */
function shown(outcome: unknown): string {
  if (outcome instanceof StoreError) return outcome.errno;
  return JSON.stringify(outcome, (key, value) => (key === 'generation' ? undefined : value)) ?? '';
}

/** @throws what `action` throws, unless it is a StoreError, which is an outcome */
function outcomeOf(work: Workspace, action: Action): unknown {
  try {
    return action(work);
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

export function createHistory(): History {
  let entries: Entry[] | undefined = [];
  return {
    run(work, action) {
      const outcome = outcomeOf(work, action);
      if (entries !== undefined && entries.push({ action, outcome }) > LIMIT) entries = undefined;
      if (outcome instanceof StoreError) throw outcome;
      return outcome as ReturnType<typeof action>;
    },
    repeat: (work) =>
      entries?.every(({ action, outcome }) => shown(outcomeOf(work, action)) === shown(outcome)) ?? false,
  };
}
