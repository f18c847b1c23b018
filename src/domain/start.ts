// SPDX-License-Identifier: Apache-2.0
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type DomId, PAGE_SIZE } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import type { Store } from '../xenstore/contract.ts';
import { type ServedStore, serveStore } from '../xenstore/port.ts';
import { type ControlChannel, type ControlHandler, createControlChannel } from './control.ts';
import { type DomainSpec, type DomainThread, launchDomain } from './launch.ts';

/** What domains are started on. */
export interface Ground {
  readonly hv: Hypervisor;
  readonly store: Store;
}

/** A domain to be started: all that its thread needs but the doors, which are made here. */
export interface StartSpec extends Omit<DomainSpec, 'door' | 'store' | 'control'> {
  readonly domid: DomId;
  /** MB that it may have in pages. */
  readonly pagesMB: number;
}

/** The supervisor's ends of a domain that was started. */
export interface StartedDomain {
  readonly thread: DomainThread;
  readonly store: ServedStore;
  readonly control: ControlChannel;
}

/**
 * Starts a domain in a thread of its own, with doors to hypervisor, store and supervisor: what all who start domains share.
 *
 * @param handle answers what the domain asks over its control channel
 */
export function startDomain({ hv, store }: Ground, spec: StartSpec, handle: ControlHandler): StartedDomain {
  const { domid, pagesMB, ...rest } = spec;
  const door = hv.createDomain(domid, Math.floor((pagesMB * 2 ** 20) / PAGE_SIZE));
  if (domid !== 0) store.introduceDomain(domid);
  const [storeHere, storeThere] = portPair();
  const [controlHere, controlThere] = portPair();
  return {
    store: serveStore(store, domid, storeHere),
    control: createControlChannel(controlHere, handle),
    thread: launchDomain({ ...rest, door, store: storeThere, control: controlThere }),
  };
}

/** A channel whose ports are those of `node:worker_threads`, as the global one's are too. */
function portPair(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}
