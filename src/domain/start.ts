// SPDX-License-Identifier: Apache-2.0
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type DomId, PAGE_SIZE } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import { channelTrace } from '../trace/channel.ts';
import type { Store } from '../xenstore/contract.ts';
import { type ServedStore, serveStore } from '../xenstore/port.ts';
import { type ControlChannel, type ControlHandler, createControlChannel } from './control.ts';
import { type DomainSpec, type DomainThread, launchDomain } from './launch.ts';
import type { LightPlace } from './pool.ts';
import { serveStorePage } from './store-page.ts';

/** What domains are started on. */
export interface Ground {
  readonly hv: Hypervisor;
  readonly store: Store;
}

/** A domain to be started: all that it needs but the doors, which are made here. */
export interface StartSpec extends Omit<DomainSpec, 'memory' | 'storePage'> {
  readonly domid: DomId;
  /** MB that it may have in pages. */
  readonly pagesMB: number;
  /** V8's limit of the JavaScript heap of a thread of its own, MB. */
  readonly heapMB: number;
}

/** The supervisor's ends of a domain that was started. */
export interface StartedDomain {
  readonly thread: DomainThread;
  readonly store: ServedStore;
  readonly control: ControlChannel;
}

const quotaOf = ({ pagesMB }: StartSpec): number => Math.floor((pagesMB * 2 ** 20) / PAGE_SIZE);

/**
 * Starts a domain in a thread of its own, with doors to hypervisor, store and supervisor: what all who start domains share.
 *
 * @param handle answers what the domain asks over its control channel
 */
export function startDomain({ hv, store }: Ground, spec: StartSpec, handle: ControlHandler): StartedDomain {
  const { domid, name, backs, heapMB } = spec;
  const { port: hypercalls, ...memory } = hv.createDomain(domid, quotaOf(spec), { name, serves: backs.length > 0 });
  if (domid !== 0) store.introduceDomain(domid);
  const [storeHere, storeThere] = portPair();
  const [controlHere, controlThere] = portPair();
  const served = serveStore(store, domid, storeHere);
  const page = domid === 0 ? undefined : serveStorePage({ hv, store }, domid);
  return {
    store: {
      close() {
        served.close();
        page?.close();
      },
    },
    control: createControlChannel(controlHere, handle, channelTrace(hv.tracing.recorder, domid, 'back')),
    thread: launchDomain(
      { ...spec, memory, storePage: page?.place },
      { hypercalls, store: storeThere, control: controlThere },
      heapMB,
    ),
  };
}

/** The same in a thread that it shares with others. */
export function startLightDomain(
  { hv, store }: Ground,
  { seat, doors, launch }: LightPlace,
  spec: StartSpec,
  handle: ControlHandler,
): StartedDomain {
  const { domid, name } = spec;
  const memory = hv.createSeatedDomain(domid, quotaOf(spec), seat, doors.hypercalls, { name });
  store.introduceDomain(domid);
  return {
    store: serveStore(store, domid, doors.store),
    control: createControlChannel(doors.control, handle, channelTrace(hv.tracing.recorder, domid, 'back')),
    thread: launch({ ...spec, memory }),
  };
}

/** A channel whose ports are those of `node:worker_threads`, as the global one's are too. */
function portPair(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}
