// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { collectGarbage } from './garbage.ts';

/**
 * V8 does not count shared memory, so nothing would ever have it collected: hundreds of machines of earlier files would still be
 * mapped, gigabytes in all, and a process of more than the machine's memory cannot start another one.
 */
afterAll(async () => {
  // Ports that were closed last are still to end, and with them who listens at them.
  for (let turn = 0; turn < 4; turn++) await nextTurn();
  collectGarbage();
});
