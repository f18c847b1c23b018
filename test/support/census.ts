// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { StoreConnection } from '../../src/xenstore/contract.ts';
import { collectGarbage } from './garbage.ts';
import type { TestXend } from './xend.ts';

/** What a process holds of the system. */
export interface ProcessCensus {
  readonly threads: number;
  readonly descriptors: number;
  readonly messagePorts: number;
}

/** Counts threads and open files of this process. Threads that are ending still count. */
export function processCensus(): ProcessCensus {
  return {
    threads: readdirSync('/proc/self/task').length,
    descriptors: readdirSync('/proc/self/fd').length,
    messagePorts: process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length,
  };
}

/** Everything that a supervisor keeps for domains, beside the process: comparable with `toEqual`. */
export function supervisorCensus({ xend, paths }: TestXend) {
  const { hv, store } = xend;
  return {
    domids: hv.domids(),
    control: hv.usage(0),
    store: store.usage(0),
    problems: store.check(),
    paths: storePaths(store.connect(0, () => true)),
    runFiles: readdirSync(paths.runDir).filter((file) => file !== basename(paths.xenstoreSocket)),
    stateFiles: readdirSync(paths.domainDir).sort(),
  };
}

function storePaths(connection: StoreConnection): readonly string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const child of connection.directory(path === '' ? '/' : path)) {
      found.push(`${path}/${child}`);
      visit(`${path}/${child}`);
    }
  };
  visit('');
  connection.close();
  return found.sort();
}

/** Bytes of this thread's heap that are in use, garbage taken out. */
export function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
