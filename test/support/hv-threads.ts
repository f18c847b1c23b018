// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads';
import { createHypervisor, type DomainDoor, type Hypervisor } from '../../src/hv/hypervisor.ts';
import { MACHINE_MEMORY } from './hv-machine.ts';
import type { ProgramName, Task } from './hv-programs.ts';

const ENTRY = new URL('./hv-worker.ts', import.meta.url);

/** A hypervisor in the test's thread and domains in threads of their own. */
export interface ThreadedMachine extends AsyncDisposable {
  readonly hv: Hypervisor;
  /** Creates a domain, which nobody runs yet. */
  add(domid: number): DomainDoor;
  /** Starts a domain's thread. @returns what its program returns */
  run<T>(door: DomainDoor, program: ProgramName, task: Task): Promise<T>;
  /** Ends a domain's thread wherever it is, then the domain. */
  kill(domid: number): Promise<void>;
}

/** Starts a machine without domains; disposing of it ends all threads. */
export function startThreadedMachine(): ThreadedMachine {
  const hv = createHypervisor({ memory: MACHINE_MEMORY });
  const workers = new Map<number, Worker>();

  async function kill(domid: number): Promise<void> {
    await workers.get(domid)?.terminate();
    workers.delete(domid);
    hv.destroyDomain(domid);
  }

  return {
    hv,
    add: (domid) => hv.createDomain(domid, 64),
    run<T>(door: DomainDoor, program: ProgramName, task: Task): Promise<T> {
      const worker = new Worker(ENTRY, { workerData: { door, program, task }, transferList: [door.port] });
      workers.set(door.domid, worker);
      return new Promise<T>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    },
    kill,
    async [Symbol.asyncDispose]() {
      for (const domid of hv.domids()) await kill(domid);
    },
  };
}
