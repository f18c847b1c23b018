// SPDX-License-Identifier: Apache-2.0
import type { MessagePort } from 'node:worker_threads';
import { idcBack } from '../../../src/devices/idc-back.ts';
import { idcFront } from '../../../src/devices/idc-front.ts';
import type { Hypercalls } from '../../../src/hv/contract.ts';
import { connectHypercalls } from '../../../src/hv/hypercalls.ts';
import type { DomainDoor } from '../../../src/hv/hypervisor.ts';
import { bindArgoBell } from '../../../src/idc/argo-bell.ts';
import { createArgoChannel } from '../../../src/idc/argo-channel.ts';
import { openLine } from '../../../src/idc/argo-line.ts';
import type { Quotas } from '../../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../../src/idc/endpoint.ts';
import type { Side } from '../../../src/idc/layout.ts';
import { createLoopback } from '../../../src/idc/loopback-channel.ts';
import { createRemoteBuffers } from '../../../src/idc/remote-buffers.ts';
import type { RemoteBuffers } from '../../../src/idc/remote-contract.ts';
import { type Bulk, localBulk, remoteBulk } from './bulk.ts';
import type { DrivingEnd } from './end.ts';
import { driveEndpoint, servingHandlers } from './endpoint-end.ts';

/** Domain that drives and domain that serves. */
export const FRONT = 1;
export const BACK = 2;

export type Carrier = 'ring' | 'argo';

/** One end of connections between two domains: one for each of the quotas, of which the first is the one that is driven. */
export interface DomainPart {
  readonly door: DomainDoor;
  readonly carrier: Carrier;
  /** Whether bulk is copied by the hypercall layer, or mapped. */
  readonly remote: boolean;
  readonly quotas: readonly Quotas[];
  /** To who connects the ends, as xend does for devices. */
  readonly control: MessagePort;
}

/** One end of one connection. */
interface Connection {
  readonly hypercalls: Hypercalls;
  readonly buffers: RemoteBuffers;
  readonly remote: boolean;
  readonly quotas: Quotas;
  readonly control: MessagePort;
}

const CONTEXT = {
  class: 'bench',
  handle: 0,
  name: 'bench',
  config: {},
  signal: new AbortController().signal,
  broken: (why: string) => {
    throw new Error(why);
  },
};
/** Argo's port of the connection. */
const APORT = 40;

function bulkOf({ buffers, remote }: Pick<Connection, 'buffers' | 'remote'>): Bulk {
  return remoteBulk(buffers, remote ? 'copy' : 'map');
}

/** The next message of who connects the ends. */
function told<T>(control: MessagePort): Promise<T> {
  return new Promise((resolve) => control.once('message', resolve));
}

async function ringFront({ hypercalls, buffers, quotas, control }: Connection): Promise<EndpointControl> {
  const device = idcFront(quotas, (endpoint) => ({ driver: endpoint }))({
    ...CONTEXT,
    hypercalls,
    buffers,
  });
  control.postMessage(await device.offer(BACK));
  await device.connected(await told<number>(control));
  return device.driver as EndpointControl;
}

async function ringBack(connection: Connection): Promise<void> {
  const { hypercalls, buffers, quotas, control } = connection;
  const device = idcBack(quotas, () => ({ handlers: servingHandlers(quotas, bulkOf(connection)) }))({
    ...CONTEXT,
    hypercalls,
    buffers,
    domid: FRONT,
    domainName: 'front',
    counters: new Float64Array(0),
    record: new SharedArrayBuffer(0),
    runDir: '',
  });
  const { frames, port } = await told<{ readonly frames: readonly number[]; readonly port: number }>(control);
  await device.connect(frames, port);
  control.postMessage('connected');
}

/** Opens the way in, waits until the peer has done so, and connects. */
async function connectArgo(
  { hypercalls, quotas, control }: Connection,
  side: Side,
  to: EndpointControl,
): Promise<void> {
  const terms = { domid: side === 'front' ? BACK : FRONT, aport: APORT, quotas, side };
  const line = await openLine(hypercalls, terms);
  control.postMessage('open');
  await told(control);
  await hypercalls.argo.resolve(line.to);
  to.appear();
  to.connect(createArgoChannel(hypercalls.argo, await bindArgoBell(hypercalls), line, quotas));
}

async function argoFront(connection: Connection): Promise<EndpointControl> {
  const endpoint = createEndpoint({ quotas: connection.quotas, onBroken: CONTEXT.broken });
  await connectArgo(connection, 'front', endpoint);
  return endpoint;
}

async function argoBack(connection: Connection): Promise<void> {
  const { quotas } = connection;
  const handlers = servingHandlers(quotas, bulkOf(connection));
  const endpoint = createEndpoint({ quotas, onBroken: CONTEXT.broken, ...handlers });
  await connectArgo(connection, 'back', endpoint);
}

const FRONTS = { ring: ringFront, argo: argoFront } satisfies Record<Carrier, unknown>;
const BACKS = { ring: ringBack, argo: argoBack } satisfies Record<Carrier, unknown>;

export async function startFront({ door, carrier, remote, quotas, control }: DomainPart): Promise<DrivingEnd> {
  const hypercalls = connectHypercalls(door);
  const buffers = createRemoteBuffers(hypercalls);
  const endpoints: EndpointControl[] = [];
  for (const one of quotas) {
    endpoints.push(await FRONTS[carrier]({ hypercalls, buffers, remote, quotas: one, control }));
  }
  const [driven] = endpoints as [EndpointControl];
  return driveEndpoint(driven, bulkOf({ buffers, remote }));
}

export async function startBack({ door, carrier, remote, quotas, control }: DomainPart): Promise<void> {
  const hypercalls = connectHypercalls(door);
  const buffers = createRemoteBuffers(hypercalls);
  for (const one of quotas) await BACKS[carrier]({ hypercalls, buffers, remote, quotas: one, control });
}

/** Both ends in one domain. */
export function startLoopback(quotas: Quotas): DrivingEnd {
  const channels = createLoopback(quotas);
  const near = createEndpoint({ quotas });
  const bulk = localBulk();
  const far = createEndpoint({ quotas, ...servingHandlers(quotas, bulk) });
  for (const [endpoint, channel] of [[near, channels.front] as const, [far, channels.back] as const]) {
    endpoint.appear();
    endpoint.connect(channel);
  }
  return driveEndpoint(near, bulk);
}
