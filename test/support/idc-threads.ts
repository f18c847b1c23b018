// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import { createHypervisor } from '../../src/hv/hypervisor.ts';
import type { EndpointHandlers, Quotas } from '../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../src/idc/endpoint.ts';
import { initControl, layoutOf } from '../../src/idc/layout.ts';
import { createRingChannel } from '../../src/idc/ring-channel.ts';
import { BACK, doorbell, FRONT, lend } from './idc-pairs.ts';
import type { WorkerSetup } from './idc-worker.ts';

/** What the back end does: first byte of a transaction's parameters. */
export const WORK = { echo: 0, pin: 1, writeAndRelease: 2, burst: 3, callBack: 4 } as const;
/** Where in the parameters a reference is. */
export const REFERENCE_AT = 8;

/** A front end in this thread, connected to a back end in another. */
export interface Threads extends AsyncDisposable {
  readonly front: EndpointControl;
  /** Events that the front end's domain was sent and has handled. */
  counters(): { readonly sent: number; readonly received: number };
}

/** Starts the thread, whose endpoint does what `idc-worker.ts` says. Quotas with a pool. */
export async function startIdcWorker(quotas: Quotas, handlers: EndpointHandlers = {}): Promise<Threads> {
  const hv = createHypervisor();
  const door = hv.createDomain(FRONT, 1024);
  const hypercalls = connectHypercalls(FRONT, door.info, door.port);
  const { info, port } = hv.createDomain(BACK, 0);
  const layout = layoutOf(quotas);
  const control = await lend(hypercalls, BACK, layout.controlBytes);
  const pool = await lend(hypercalls, BACK, layout.poolBytes);
  initControl(control.extent.buffer, quotas);
  const ports = hv.bindPair(FRONT, BACK);
  const front = createEndpoint({ quotas, ...handlers });
  front.appear();
  front.connect(
    createRingChannel(
      { control: control.extent.buffer, pool: pool.extent.buffer, quotas, side: 'front' },
      doorbell(hypercalls, ports.near),
    ),
  );
  const setup: WorkerSetup = { info, door: port, control: control.gref, pool: pool.gref, port: ports.far, quotas };
  const worker = new Worker(new URL('./idc-worker.ts', import.meta.url), {
    workerData: setup,
    transferList: [port],
    execArgv: [],
  });
  await once(worker, 'message');
  return {
    front,
    counters: () => hv.counters(FRONT, ports.near),
    async [Symbol.asyncDispose]() {
      await worker.terminate();
      await front.disconnect();
      hv.destroyDomain(BACK);
      hv.destroyDomain(FRONT);
    },
  };
}
