// SPDX-License-Identifier: Apache-2.0
import type { XendOptions } from '../../src/xend/context.ts';

/** Holds a supervisor's devices at a labelled step, e.g. `vbd.backConnect`; disposing of it lets them go on. */
export interface StepGate extends Disposable {
  readonly onStep: NonNullable<XendOptions['onStep']>;
  /** Resolves when the first device has come to the step. */
  readonly reached: Promise<void>;
  /** Lets all go on, those that come later too. */
  open(): void;
}

export function stepGate(label: string): StepGate {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    onStep(step) {
      if (step !== label) return undefined;
      reached.resolve();
      return opened.promise;
    },
    reached: reached.promise,
    open: opened.resolve,
    [Symbol.dispose]: () => opened.resolve(),
  };
}
