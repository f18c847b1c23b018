// SPDX-License-Identifier: Apache-2.0

// A domain's thread in a net of `createNet`: its endpoints, and one program, whose result goes to the test.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import { type ArgoBell, bindArgoBell } from '../../src/idc/argo-bell.ts';
import { createArgoChannel } from '../../src/idc/argo-channel.ts';
import { openLine } from '../../src/idc/argo-line.ts';
import type { Channel, EndpointHandlers } from '../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../src/idc/endpoint.ts';
import { createRingChannel } from '../../src/idc/ring-channel.ts';
import { evtchnBell } from '../../src/idc/shared-memory.ts';
import type { LinkEnd, NetSetup } from './idc-net.ts';
import { NET_PROGRAMS } from './idc-net-programs.ts';

const { door, links, quotas, channel, program, rounds, calling } = workerData as NetSetup;
const hypercalls = connectHypercalls(door);
const { evtchn, argo } = hypercalls;
const channels = await openAll();

/** A connected endpoint over the link of this name. */
function connect(name: string, handlers: EndpointHandlers = {}): EndpointControl {
  const endpoint = createEndpoint({ quotas, ...handlers });
  endpoint.appear();
  endpoint.connect(channels.get(name)!);
  return endpoint;
}

function overRing({ control, side, port }: LinkEnd): Channel {
  return createRingChannel({ control, quotas, side }, evtchnBell(evtchn, port));
}

/** Resolves when the other end is there too. */
async function overArgo({ peer, aport, side }: LinkEnd, bell: ArgoBell): Promise<Channel> {
  const line = await openLine(hypercalls, { domid: peer, aport, quotas, side });
  while ((await argo.resolve(line.to)) !== undefined) await nextTurn();
  return createArgoChannel(argo, bell, line, quotas);
}

async function openAll(): Promise<ReadonlyMap<string, Channel>> {
  const ends = Object.entries(links);
  if (channel === 'ring') return new Map(ends.map(([name, end]) => [name, overRing(end)]));
  const bell = await bindArgoBell(hypercalls);
  return new Map(await Promise.all(ends.map(async ([name, end]) => [name, await overArgo(end, bell)] as const)));
}

const portOf = (name: string) => links[name]!.port;
const isFront = (name: string) => links[name]!.side === 'front';
const names = Object.keys(links);
parentPort!.postMessage(await NET_PROGRAMS[program]({ evtchn, names, portOf, isFront, connect, rounds, calling }));
