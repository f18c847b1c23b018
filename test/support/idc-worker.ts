// SPDX-License-Identifier: Apache-2.0

// The back end of a connection in a thread of its own, started by `startIdcWorker`.
import { parentPort, workerData } from 'node:worker_threads';
import type { EvtchnPort, GrantRef } from '../../src/hv/contract.ts';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import type { DomainDoor } from '../../src/hv/hypervisor.ts';
import { openLine } from '../../src/idc/argo-line.ts';
import type { Channel, PinnedBuffer, Quotas, ReceivedTransaction } from '../../src/idc/contract.ts';
import { createEndpoint } from '../../src/idc/endpoint.ts';
import { createRingChannel } from '../../src/idc/ring-channel.ts';
import { evtchnBell } from '../../src/idc/shared-memory.ts';
import { APORT, argoChannel, FRONT } from './idc-pairs.ts';
import { REFERENCE_AT, WORK } from './idc-threads.ts';

/** What the worker is given. */
export interface WorkerSetup {
  readonly door: DomainDoor;
  /** Absent for a connection over Argo. */
  readonly ring: SharedRing | undefined;
  readonly quotas: Quotas;
}

/** What the front end lends. */
export interface SharedRing {
  readonly control: GrantRef;
  readonly pool: GrantRef;
  readonly port: EvtchnPort;
}

const { door, ring, quotas } = workerData as WorkerSetup;
const hypercalls = connectHypercalls(door);

async function overRing({ control, pool, port }: SharedRing): Promise<Channel> {
  const [mappedControl, mappedPool] = [
    await hypercalls.gnttab.map(FRONT, control),
    await hypercalls.gnttab.map(FRONT, pool),
  ];
  return createRingChannel(
    { control: mappedControl.buffer, pool: mappedPool.buffer, quotas, side: 'back' },
    evtchnBell(hypercalls.evtchn, port),
  );
}

async function overArgo(): Promise<Channel> {
  const line = await openLine(hypercalls, { domid: FRONT, aport: APORT, quotas, side: 'back' });
  return argoChannel(hypercalls, line, quotas);
}

let pinned: PinnedBuffer | undefined;

/** What each kind of work does; the result is the transaction's error code. */
const work: Readonly<Record<number, (transaction: ReceivedTransaction) => number>> = {
  [WORK.echo]({ parameters, parametersLength, status }) {
    status.set(parameters.subarray(0, parametersLength));
    return 0;
  },
  [WORK.pin]({ parameters }) {
    pinned = endpoint.buffers!.pin(parameters, REFERENCE_AT, 'write');
    return pinned ? 1 : 0;
  },
  [WORK.writeAndRelease]({ parameters }) {
    pinned!.bytes.fill(parameters[1]!);
    pinned!.release();
    return 0;
  },
  /** Writes through a reference as often and as fast as it can until it is refused. */
  [WORK.burst]({ parameters }) {
    let writes = 0;
    for (let left = 2_000_000; left > 0; left--) {
      const target = endpoint.buffers!.pin(parameters, REFERENCE_AT, 'write');
      if (target === undefined) break;
      target.bytes.fill(++writes);
      target.release();
    }
    return writes;
  },
  [WORK.callBack]() {
    endpoint.submit(endpoint.transaction(), () => {});
    return 0;
  },
};

const endpoint = createEndpoint({
  quotas,
  onTransaction(transaction) {
    const error = work[transaction.parameters[0]!]!(transaction);
    transaction.complete(error, transaction.parametersLength);
  },
});
endpoint.appear();
endpoint.connect(await (ring ? overRing(ring) : overArgo()));
parentPort!.postMessage('connected');
