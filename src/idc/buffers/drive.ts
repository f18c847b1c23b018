// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import type { Done } from './contract.ts';

/**
 * Runs one step, which completes once, now or later: what it says after that is not heard. What it throws is its error.
 *
 * @param done called outside of the step, so that what it throws is nobody's error but the caller's
 */
export function attempt(step: (complete: Done) => void, done: Done): void {
  let inside = true;
  let completed = false;
  let error: unknown;
  let bytes = 0;
  try {
    step((failure, count) => {
      if (completed) return;
      completed = true;
      error = failure;
      bytes = count;
      if (!inside) done(error, bytes);
    });
  } catch (thrown) {
    completed = true;
    error = thrown ?? new Error('nothing was thrown');
    bytes = 0;
  }
  inside = false;
  if (completed) done(error, bytes);
}

/** What {@link drive} repeats. */
export interface Steps {
  /** Starts a step, which completes once, now or later. What it throws is its error. */
  start(complete: Done): void;
  /** Looks at the outcome of a step; returns whether there is another. */
  next(error: unknown, bytes: number): boolean;
  /** There is none. Called outside of every step, so that what it throws is nobody's error but the caller's. */
  end(): void;
}

/**
 * Runs steps one after the other. A step that completes before it returns is followed by the next in a loop, so that any number
 * of them need no more stack than one; no object is made for a step.
 */
export function drive(steps: Steps): void {
  let inside = false;
  let completed = false;
  let error: unknown;
  let bytes = 0;

  const complete: Done = (failure, count) => {
    completed = true;
    error = failure;
    bytes = count;
    if (!inside) run();
  };

  function start(): void {
    completed = false;
    try {
      steps.start(complete);
    } catch (thrown) {
      completed = true;
      error = thrown ?? new Error('nothing was thrown');
      bytes = 0;
    }
  }

  function run(): void {
    inside = true;
    while (completed) {
      if (!steps.next(error, bytes)) {
        // Stays inside: what a step still says is not heard.
        steps.end();
        return;
      }
      start();
    }
    inside = false;
  }

  inside = true;
  start();
  run();
}

/**
 * Moves `length` bytes, not 0, by as many calls of `move` as it takes: each says how many bytes it moved, and may move fewer
 * than it is asked for, but not none.
 *
 * @param move moves up to `size` bytes at `position` bytes from the start
 */
export function moveAll(length: number, move: (position: number, size: number, done: Done) => void, done: Done): void {
  let position = 0;
  let failure: unknown;
  drive({
    start: (complete) => move(position, length - position, complete),
    next(error, bytes) {
      position += bytes;
      failure = error ?? undefined;
      if (failure === undefined && bytes === 0) {
        failure = new XmError('EIO', `the buffer ends after ${position} of ${length} bytes`);
      }
      return failure === undefined && position < length;
    },
    end: () => done(failure, position),
  });
}
