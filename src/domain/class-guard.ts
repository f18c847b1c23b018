// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Hypercalls } from '../hv/contract.ts';
import type { ClassModule } from './class-modules.ts';
import { explainModule } from './kernel-module.ts';

/**
 * Holds one end of a device of a user's own class: what it throws, wherever that comes from, ends the device and not the
 * domain. Which end it was is known from the asynchronous context, in which everything runs that the end ever started.
 */
export interface ClassGuard {
  /** Aborts when the end has thrown where nobody catches it, or is given up. */
  readonly signal: AbortSignal;
  /** What it reaches the hypervisor with: events arrive inside of the guard. */
  readonly hypercalls: Hypercalls;
  /**
   * Runs what is to be done in a phase.
   *
   * @throws Error that names class, end, domain, phase and place, for what it throws; also when the end throws meanwhile
   */
  run<T>(phase: string, step: () => Promise<T> | T): Promise<T>;
  /** Nobody waits for it any more: {@link signal} aborts. */
  giveUp(): void;
}

interface Blamed {
  fail(error: unknown): void;
}

const current = new AsyncLocalStorage<Blamed>();

/** Has the end that threw answer for it. @returns false if it was none */
export function blameEnd(error: unknown): boolean {
  const blamed = current.getStore();
  blamed?.fail(error);
  return blamed !== undefined;
}

/** Keeps an end from ending the thread: what it calls has failed, like anything else. */
export function guardExit(): void {
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    if (current.getStore() === undefined) return exit(code);
    throw new Error('it called process.exit');
  };
}

/**
 * @param domain name of the domain in which the end runs
 * @param onLost called with why when the end has thrown between two steps; within a step that step fails
 */
export function guardEnd(
  from: ClassModule,
  end: 'front' | 'back',
  domain: string,
  hypercalls: Hypercalls,
  onLost: (reason: string) => void,
): ClassGuard {
  const { own, name } = from;
  const failing = new AbortController();
  const { signal } = failing;
  const giveUp = (): void => failing.abort();
  // Built-in classes are as much a part of the domain as we are.
  if (own === undefined) return { signal, hypercalls, giveUp, run: async (_phase, step) => step() };
  /** What it did last, and how much of it is not over. */
  let phase = 'load';
  let steps = 0;

  function explain(error: unknown): Error {
    const when = steps > 0 ? `at ${phase}` : `after ${phase}`;
    const why = explainModule(error, own!.path);
    return new Error(`The ${end} end of ${name} in domain '${domain}' failed ${when}: ${why}`, { cause: error });
  }

  const blamed: Blamed = {
    fail(error) {
      if (signal.aborted) return;
      const reason = explain(error);
      failing.abort(reason);
      if (steps === 0) onLost(reason.message);
    },
  };

  return {
    signal,
    giveUp,
    hypercalls: {
      ...hypercalls,
      evtchn: {
        ...hypercalls.evtchn,
        listen(port, handler) {
          const guarded = (): void => {
            try {
              if (!signal.aborted) current.run(blamed, handler!);
            } catch (error) {
              blamed.fail(error);
            }
          };
          hypercalls.evtchn.listen(port, handler && guarded);
        },
      },
    },
    async run(next, step) {
      phase = next;
      steps++;
      const failed = Promise.withResolvers<never>();
      const fail = (): void => failed.reject(signal.reason ?? new Error('it was given up'));
      signal.addEventListener('abort', fail);
      // What it throws at once is a rejection too.
      const done = current.run(blamed, async () => step()).catch((error: unknown) => Promise.reject(explain(error)));
      try {
        return await Promise.race([done, failed.promise]);
      } finally {
        steps--;
        signal.removeEventListener('abort', fail);
      }
    },
  };
}
