// SPDX-License-Identifier: Apache-2.0
import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { EvtchnPort } from '../../src/hv/contract.ts';
import { createHypervisor, type DomainDoor, type Hypervisor } from '../../src/hv/hypervisor.ts';
import type { ChannelKind, Quotas } from '../../src/idc/contract.ts';
import { initControl, layoutOf, type Side } from '../../src/idc/layout.ts';
import { MACHINE_MEMORY } from './hv-machine.ts';
import type { NetProgram } from './idc-net-programs.ts';

/** One end of a link, for the thread that holds it. */
export interface LinkEnd {
  readonly side: Side;
  readonly peer: number;
  /** Both ends' number of the link, for Argo. */
  readonly aport: number;
  readonly control: SharedArrayBuffer;
  readonly port: EvtchnPort;
}

/** What a domain's thread is given. */
export interface NetSetup {
  readonly door: DomainDoor;
  readonly links: Readonly<Record<string, LinkEnd>>;
  readonly quotas: Quotas;
  readonly channel: ChannelKind;
  readonly program: NetProgram;
  /** How often; what it means is the program's. */
  readonly rounds: number;
  /** One word: set when `callOnce` makes its call. */
  readonly calling: Int32Array<SharedArrayBuffer>;
}

/** Domains in threads of their own, linked by channels over shared memory and event channels. */
export interface Net extends AsyncDisposable {
  readonly hv: Hypervisor;
  /** One word: not 0 from when `callOnce` makes its call. */
  readonly calling: Int32Array<SharedArrayBuffer>;
  /** Starts a domain's thread. @returns what its program returns; never settles when it is killed before */
  run<T>(domid: number, program: NetProgram, rounds: number): Promise<T>;
  /** Ends a domain's thread wherever it is, then the domain. */
  kill(domid: number): Promise<void>;
}

/**
 * Creates domains, and a link for each pair of them that is named: `[name, from, to]`. Both ends know it by its name.
 *
 * @param quotas of every link
 * @param channel of every link; over Argo a program starts when the other ends are there
 */
export function createNet(
  links: readonly (readonly [string, number, number])[],
  quotas: Quotas,
  channel: ChannelKind = 'ring',
): Net {
  const hv = createHypervisor({ memory: MACHINE_MEMORY });
  const doors = new Map<number, DomainDoor>();
  const ends = new Map<number, Record<string, LinkEnd>>();
  const workers = new Map<number, Worker>();
  const calling = new Int32Array(new SharedArrayBuffer(4));

  for (const domid of new Set(links.flatMap(([, from, to]) => [from, to]))) {
    doors.set(domid, hv.createDomain(domid, 64));
    ends.set(domid, {});
  }
  for (const [index, [name, from, to]] of links.entries()) {
    const control = new SharedArrayBuffer(layoutOf(quotas).controlBytes);
    initControl(control, quotas);
    const { near, far } = hv.bindPair(from, to);
    const aport = 2 * index;
    ends.get(from)![name] = { side: 'front', peer: to, aport, control, port: near };
    ends.get(to)![name] = { side: 'back', peer: from, aport, control, port: far };
  }

  async function kill(domid: number): Promise<void> {
    await workers.get(domid)?.terminate();
    workers.delete(domid);
    hv.destroyDomain(domid);
  }

  return {
    hv,
    calling,
    run<T>(domid: number, program: NetProgram, rounds: number): Promise<T> {
      const door = doors.get(domid)!;
      const setup: NetSetup = { door, links: ends.get(domid)!, quotas, channel, program, rounds, calling };
      const transferList: MessagePort[] = [door.port];
      const worker = new Worker(new URL('./idc-net-worker.ts', import.meta.url), {
        workerData: setup,
        transferList,
        execArgv: [],
      });
      workers.set(domid, worker);
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
