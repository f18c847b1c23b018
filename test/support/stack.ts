// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';
import { collectGarbage } from './garbage.ts';

/** The engine's own. */
const OLD_AGE = 6;

/**
 * Calls `work` where the stack is all but full.
 *
 * @param frames how many, of a small function, there would still be room for
 */
export function withLittleStack(frames: number, work: () => void): void {
  let called = false;
  const dive = (): number => {
    let above = 0;
    try {
      above = dive() + 1;
    } catch (error) {
      if (called) throw error;
      return 0;
    }
    if (above === frames && !called) {
      called = true;
      work();
    }
    return above;
  };
  dive();
}

/** Has the engine forget code, as it does after a time: a function that is called next needs much stack, to be compiled. */
export function forgetCode(): void {
  setFlagsFromString('--bytecode-old-age=1');
  collectGarbage();
  collectGarbage();
  setFlagsFromString(`--bytecode-old-age=${OLD_AGE}`);
}
