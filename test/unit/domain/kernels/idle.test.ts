// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Domain } from '../../../../src/domain/contract.ts';
import { defineKernel } from '../../../../src/domain/kernel.ts';
import idle from '../../../../src/domain/kernels/idle.ts';

/** All that the kernel looks at. */
const domainWith = (signal: AbortSignal) => ({ signal }) as Domain;

describe('the kernel idle', () => {
  test('ends when it is asked to, with the reason', async () => {
    const controller = new AbortController();
    const ended = idle(domainWith(controller.signal));
    controller.abort('reboot');
    expect(await ended).toBe('reboot');
  });

  test('ends at once when it was asked before', async () => {
    expect(await idle(domainWith(AbortSignal.abort('halt')))).toBe('halt');
  });

  test('takes a reason it does not know for poweroff', async () => {
    expect(await idle(domainWith(AbortSignal.abort()))).toBe('poweroff');
  });
});

test('defineKernel gives the same function back', () => {
  const kernel = () => undefined;
  expect(defineKernel(kernel)).toBe(kernel);
});
