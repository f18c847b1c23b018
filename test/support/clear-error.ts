// SPDX-License-Identifier: Apache-2.0
import { expect } from 'vitest';
import { XmError } from '../../src/errors.ts';

/** What a promise rejects with, or undefined. */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Expects an error that a person can use: one line, made for them, and not an unforeseen one. */
export function expectClear(error: unknown): void {
  expect(error).toBeInstanceOf(XmError);
  expect((error as XmError).message).toMatch(/^[A-Z'][^\n]+$/);
}
