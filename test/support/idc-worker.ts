// SPDX-License-Identifier: Apache-2.0

// The back end of a connection in a thread of its own, started by `startIdcWorker`.
import { parentPort, workerData } from 'node:worker_threads';
import type { EvtchnPort, GrantRef } from '../../src/hv/contract.ts';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import type { DomainDoor } from '../../src/hv/hypervisor.ts';
import type { PinnedBuffer } from '../../src/hv/lending-contract.ts';
import { openLine } from '../../src/idc/argo-line.ts';
import type { Channel, Quotas, ReceivedTransaction } from '../../src/idc/contract.ts';
import { createEndpoint } from '../../src/idc/endpoint.ts';
import { createRemoteBuffers } from '../../src/idc/remote-buffers.ts';
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
  readonly port: EvtchnPort;
}

const { door, ring, quotas } = workerData as WorkerSetup;
const hypercalls = connectHypercalls(door);
const buffers = createRemoteBuffers(hypercalls);

async function overRing({ control, port }: SharedRing): Promise<Channel> {
  const { buffer } = await hypercalls.gnttab.map(FRONT, control);
  return createRingChannel({ control: buffer, quotas, side: 'back' }, evtchnBell(hypercalls.evtchn, port));
}

async function overArgo(): Promise<Channel> {
  const line = await openLine(hypercalls, { domid: FRONT, aport: APORT, quotas, side: 'back' });
  return argoChannel(hypercalls, line, quotas);
}

let pinned: PinnedBuffer | undefined;

/** What each kind of work does; the result is the transaction's error code. */
const work: Readonly<Record<number, (transaction: ReceivedTransaction) => number | Promise<number>>> = {
  [WORK.echo]({ parameters, parametersLength, status }) {
    status.set(parameters.subarray(0, parametersLength));
    return 0;
  },
  [WORK.pin]({ parameters }) {
    return new Promise((resolve) =>
      buffers.pin(parameters, REFERENCE_AT, 'write', (outcome) => {
        pinned = typeof outcome === 'string' ? undefined : outcome;
        resolve(pinned ? 1 : 0);
      }),
    );
  },
  [WORK.writeAndRelease]({ parameters }) {
    pinned!.bytes.fill(parameters[1]!);
    pinned!.release();
    return 0;
  },
  [WORK.callBack]() {
    endpoint.submit(endpoint.transaction(), () => {});
    return 0;
  },
};

const endpoint = createEndpoint({
  quotas,
  onTransaction(transaction) {
    const complete = (error: number): void => transaction.complete(error, transaction.parametersLength);
    const result = work[transaction.parameters[0]!]!(transaction);
    if (typeof result === 'number') complete(result);
    else void result.then(complete);
  },
});
endpoint.appear();
endpoint.connect(await (ring ? overRing(ring) : overArgo()));
parentPort!.postMessage('connected');
