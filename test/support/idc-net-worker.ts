// SPDX-License-Identifier: Apache-2.0

// A domain's thread in a net of `createNet`: its endpoints, and one program, whose result goes to the test.
import { parentPort, workerData } from 'node:worker_threads';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import type { EndpointHandlers } from '../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../src/idc/endpoint.ts';
import { createRingChannel } from '../../src/idc/ring-channel.ts';
import { evtchnBell } from '../../src/idc/shared-memory.ts';
import type { NetSetup } from './idc-net.ts';
import { NET_PROGRAMS } from './idc-net-programs.ts';

const { door, links, quotas, program, rounds } = workerData as NetSetup;
const { evtchn } = connectHypercalls(door);

/** A connected endpoint over the link of this name. */
function connect(name: string, handlers: EndpointHandlers = {}): EndpointControl {
  const { control, side, port } = links[name]!;
  const endpoint = createEndpoint({ quotas, ...handlers });
  endpoint.appear();
  endpoint.connect(createRingChannel({ control, pool: undefined, quotas, side }, evtchnBell(evtchn, port)));
  return endpoint;
}

const portOf = (name: string) => links[name]!.port;
const isFront = (name: string) => links[name]!.side === 'front';
const names = Object.keys(links);
parentPort!.postMessage(await NET_PROGRAMS[program]({ evtchn, names, portOf, isFront, connect, rounds }));
