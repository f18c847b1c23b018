// SPDX-License-Identifier: Apache-2.0
import type { Worker } from 'node:worker_threads';

/** Tells how often the event loops of threads went round, without waking those that rest. */
export interface LoopWatch {
  /**
   * @param ask has the thread answer; resolves to whether it did. Called only when it has not rested since the last time
   * @returns a number that moves when the loop goes round
   */
  turnsOf(worker: Worker, ask: () => Promise<boolean>): number;
}

interface Loop {
  /** Milliseconds for which it had nothing to do. */
  idle: number;
  answers: number;
  asked: boolean;
}

export function createLoopWatch(): LoopWatch {
  const loops = new WeakMap<Worker, Loop>();
  return {
    turnsOf(worker, ask) {
      const { idle } = worker.performance.eventLoopUtilization();
      const known = loops.get(worker);
      const loop = known ?? { idle, answers: 0, asked: false };
      if (known === undefined) loops.set(worker, loop);
      else if (loop.idle === idle && !loop.asked) {
        loop.asked = true;
        void ask().then((answered) => {
          loop.asked = false;
          if (answered) loop.answers++;
        });
      }
      loop.idle = idle;
      return idle + loop.answers;
    },
  };
}
