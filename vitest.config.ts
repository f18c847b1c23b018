// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

// As xend's process has it (`src/cli/xend-process.ts`): the lifecycle project runs supervisors in its own.
process.env.MALLOC_MMAP_THRESHOLD_ ??= String(128 * 1024);

/** Suites of test/lifecycle that hold for domains that share a thread too. */
const LIGHT = [
  'console',
  'disk-md5',
  'driver-domain',
  'endings',
  'hot-plug',
  'idc-pair',
  'many',
  'own-class',
  'pause',
  'rounds',
  'sharing',
];

/**
 * `unit` shares two processes and starts nothing; `lifecycle` runs real supervisors, each file in a process of its own; `light` runs
 * some of them again, with all domains in the pool.
 */
export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,contract,golden,fuzz,style}/**/*.test.{ts,tsx}'],
          setupFiles: ['test/support/collect.ts'],
          pool: 'forks',
          isolate: false,
          // Models explore for seconds, and on a busy machine for longer.
          testTimeout: 60_000,
          expect: { poll: { timeout: 30_000 } },
          benchmark: { include: [] },
        },
      },
      {
        test: {
          name: 'lifecycle',
          include: ['test/{lifecycle,fault,interop}/**/*.test.ts'],
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
          benchmark: { include: [] },
        },
      },
      {
        test: {
          name: 'light',
          include: LIGHT.map((name) => `test/lifecycle/${name}.test.ts`),
          env: { XM_TEST_POOL: 'shared' },
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
          benchmark: { include: [] },
        },
      },
    ],
  },
});
