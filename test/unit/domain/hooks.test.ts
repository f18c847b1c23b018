// SPDX-License-Identifier: Apache-2.0
import { serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import type { Interrupt } from '../../../src/domain/contract.ts';
import { createHooks, STATE_LIMIT } from '../../../src/domain/hooks.ts';

describe('SAVE', () => {
  test('gives what the next life begins with', async () => {
    const hooks = createHooks(undefined);
    const state = { map: new Map([['a', 1n]]), bytes: Uint8Array.of(1, 2), when: new Date(3), none: undefined };
    hooks.onSave({ save: async () => state });
    expect(hooks.restored).toBeUndefined();
    const { status, state: kept } = await hooks.handle('SAVE', {});
    expect(status).toBe(0);
    expect(createHooks(kept as Uint8Array).restored).toEqual(state);
  });

  test('is refused by a kernel that offers nothing, or no longer', async () => {
    const hooks = createHooks(undefined);
    expect(await hooks.handle('SAVE', {})).toMatchObject({ status: 1, unoffered: true });
    hooks.onSave({ save: () => 1 });
    hooks.onSave(undefined);
    expect(await hooks.handle('SAVE', {})).toMatchObject({ status: 1, unoffered: true });
  });

  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('not now');
      },
      'its kernel failed to give its state: not now',
    ],
    ['rejects', () => Promise.reject(new Error('nor later')), 'its kernel failed to give its state: nor later'],
    ['gives a function', () => ({ f() {} }), 'cannot be kept: f() {} could not be cloned.'],
    ['gives shared memory', () => new SharedArrayBuffer(8), 'cannot be kept: #<SharedArrayBuffer>'],
    ['gives too much', () => new Uint8Array(STATE_LIMIT), 'bytes, 67108864 are the most'],
  ])('fails when the kernel %s', async (_what, save, message) => {
    const hooks = createHooks(undefined);
    hooks.onSave({ save });
    await expect((async () => hooks.handle('SAVE', {}))()).rejects.toThrow(message);
  });

  test('RESUME is for those who want it', async () => {
    const hooks = createHooks(undefined);
    expect((await hooks.handle('RESUME', {})).status).toBe(0);
    let resumed = 0;
    hooks.onSave({
      save: () => 1,
      resume() {
        resumed++;
      },
    });
    await hooks.handle('RESUME', {});
    expect(resumed).toBe(1);
  });

  test('what is no state is said to be none', () => {
    expect(() => createHooks(serialize({ a: 1 }).subarray(0, 5))).toThrow('its saved state cannot be read');
  });
});

test('interrupts reach who listens, and are refused otherwise', async () => {
  const hooks = createHooks(undefined);
  expect(await hooks.handle('NMI', {})).toMatchObject({ status: 1, unoffered: true });
  const came: Interrupt[] = [];
  hooks.onInterrupt((interrupt) => void came.push(interrupt));
  await hooks.handle('NMI', {});
  await hooks.handle('SYSRQ', { letter: 's' });
  expect(came).toEqual([{ kind: 'nmi' }, { kind: 'sysrq', letter: 's' }]);
  expect((await hooks.handle('NOSUCH', {})).status).toBe(1);
});
