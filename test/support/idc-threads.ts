// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import { createHypervisor, type Hypervisor } from '../../src/hv/hypervisor.ts';
import { openLine } from '../../src/idc/argo-line.ts';
import type { Channel, EndpointHandlers, Quotas } from '../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../src/idc/endpoint.ts';
import { initControl, layoutOf } from '../../src/idc/layout.ts';
import { createRemoteBuffers } from '../../src/idc/remote-buffers.ts';
import type { RemoteBuffers } from '../../src/idc/remote-contract.ts';
import { createRingChannel } from '../../src/idc/ring-channel.ts';
import { evtchnBell } from '../../src/idc/shared-memory.ts';
import { MACHINE_MEMORY } from './hv-machine.ts';
import { APORT, argoChannel, BACK, FRONT, lend } from './idc-pairs.ts';
import type { SharedRing, WorkerSetup } from './idc-worker.ts';

/** What the back end does: first byte of a transaction's parameters. */
export const WORK = { echo: 0, pin: 1, writeAndRelease: 2, callBack: 3 } as const;
/** Where in the parameters a reference is. */
export const REFERENCE_AT = 8;

/** A front end in this thread, connected to a back end in another. */
export interface Threads extends AsyncDisposable {
  readonly front: EndpointControl;
  /** Of the front end's domain. */
  readonly buffers: RemoteBuffers;
}

/** The same over a ring, with its wake-ups counted. */
export interface RingThreads extends Threads {
  /** Events that the front end's domain was sent and has handled. */
  counters(): { readonly sent: number; readonly received: number };
}

/** The front end's half of a connection. */
interface Half {
  /** What the back end needs to make its own. */
  readonly ring: SharedRing | undefined;
  /** To be called when the back end has made its own. */
  channel(): Channel | Promise<Channel>;
}

async function ringHalf(hv: Hypervisor, dom: HypercallClient, quotas: Quotas) {
  const layout = layoutOf(quotas);
  const control = await lend(dom, BACK, layout.controlBytes);
  initControl(control.extent.buffer, quotas);
  const ports = hv.bindPair(FRONT, BACK);
  return {
    ring: { control: control.gref, port: ports.far },
    port: ports.near,
    channel: () =>
      createRingChannel({ control: control.extent.buffer, quotas, side: 'front' }, evtchnBell(dom.evtchn, ports.near)),
  };
}

async function argoHalf(dom: HypercallClient, quotas: Quotas): Promise<Half> {
  const line = await openLine(dom, { domid: BACK, aport: APORT, quotas, side: 'front' });
  return { ring: undefined, channel: () => argoChannel(dom, line, quotas) };
}

async function start<H extends Half>(
  makeHalf: (hv: Hypervisor, dom: HypercallClient, quotas: Quotas) => Promise<H>,
  quotas: Quotas,
  handlers: EndpointHandlers,
): Promise<Threads & { readonly hv: Hypervisor; readonly half: H }> {
  const hv = createHypervisor({ memory: MACHINE_MEMORY });
  const door = hv.createDomain(FRONT, 1024);
  const hypercalls = connectHypercalls(door);
  const backDoor = hv.createDomain(BACK, 64);
  const half = await makeHalf(hv, hypercalls, quotas);
  const setup: WorkerSetup = { door: backDoor, ring: half.ring, quotas };
  const worker = new Worker(new URL('./idc-worker.ts', import.meta.url), {
    workerData: setup,
    transferList: [backDoor.port],
    execArgv: [],
  });
  await once(worker, 'message');
  const buffers = createRemoteBuffers(hypercalls);
  const front = createEndpoint({ quotas, buffers, ...handlers });
  front.appear();
  front.connect(await half.channel());
  return {
    front,
    buffers,
    hv,
    half,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
      await front.disconnect();
      hv.destroyDomain(BACK);
      hv.destroyDomain(FRONT);
    },
  };
}

/** Starts the thread, whose endpoint does what `idc-worker.ts` says. */
export async function startIdcWorker(quotas: Quotas, handlers: EndpointHandlers = {}): Promise<RingThreads> {
  const threads = await start(ringHalf, quotas, handlers);
  return { ...threads, counters: () => threads.hv.counters(FRONT, threads.half.port) };
}

/** The same over Argo. */
export function startArgoWorker(quotas: Quotas, handlers: EndpointHandlers = {}): Promise<Threads> {
  return start((_, dom) => argoHalf(dom, quotas), quotas, handlers);
}
