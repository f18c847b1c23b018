// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { defineKernel } from 'xenidc';

/** What is kept: anything that can be cloned. */
interface Kept {
  readonly version: 1;
  readonly count: number;
}

export default defineKernel(async (dom) => {
  const { count: from } = (dom.restored ?? { version: 1, count: 0 }) as Kept;
  let count = from;
  // In the first step, so that there is no time at which the domain cannot be saved. Between two numbers it is at rest.
  dom.onSave({ save: (): Kept => ({ version: 1, count }) });
  dom.console.write(from === 0 ? 'begins to count\r\n' : `goes on at ${from}\r\n`);
  while (!dom.signal.aborted) {
    dom.console.write(`${++count}\r\n`);
    await sleep(1000, undefined, { signal: dom.signal }).catch(() => {});
  }
});
