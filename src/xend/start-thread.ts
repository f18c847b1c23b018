// SPDX-License-Identifier: Apache-2.0
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type ControlAnswer, type ControlBody, createControlChannel, OKAY } from '../domain/control.ts';
import { type DomainThread, type KernelImage, launchDomain } from '../domain/launch.ts';
import { PAGE_SIZE } from '../hv/contract.ts';
import { serveStore } from '../xenstore/port.ts';
import type { XendContext } from './context.ts';
import type { DeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import { shareMemory } from './memory.ts';
import { V8_HEAP } from './memory-watch.ts';

const MB = 1024 * 1024;
/** Limit of Domain-0's heap, MB. */
const CONTROL_HEAP = 512;

/** Starts a domain's thread with doors to hypervisor, store and xend; notes them in the domain. */
export function startThread(
  context: XendContext,
  devices: DeviceService,
  domain: XendDomain,
  kernel: KernelImage | undefined,
): DomainThread {
  const { hv, store, paths, classes } = context;
  const { config, domid, name } = domain;
  const { pages } = shareMemory(config.memory);
  const door = hv.createDomain(domid, Math.floor((pages * MB) / PAGE_SIZE));
  if (domid !== 0) store.introduceDomain(domid);
  const [storeHere, storeThere] = portPair();
  const [controlHere, controlThere] = portPair();
  domain.store = serveStore(store, domid, storeHere);
  domain.control = createControlChannel(controlHere, (type, subtype, body) =>
    type === 'DOMAIN' ? handleDomain(domain, subtype, body) : devices.handle(domain, type, subtype, body),
  );
  const modules = (side: 'front' | 'back', wanted: (className: string) => boolean) =>
    classes.filter((item) => wanted(item.name)).map((item) => ({ name: item.name, module: item[side].href }));
  domain.thread = launchDomain({
    name,
    door,
    store: storeThere,
    control: controlThere,
    kernel,
    args: config.image.args,
    heapMB: domid === 0 ? CONTROL_HEAP : V8_HEAP,
    fronts: domid === 0 ? [] : modules('front', () => true),
    backs: modules('back', (className) => domid === 0 || config.backends.includes(className)),
    runDir: paths.runDir,
    addresses: config.addresses,
  });
  return domain.thread;
}

/** What a domain says about itself: READY, answered when its kernel may run, and EXIT. */
function handleDomain(domain: XendDomain, subtype: string, body: ControlBody): Promise<ControlAnswer> | ControlAnswer {
  if (subtype === 'EXIT') domain.shutdownReason = String(body.reason);
  if (subtype !== 'READY') return OKAY;
  domain.ready.resolve();
  if (domain.domid === 0 || domain.phase === 'running') return OKAY;
  return new Promise((resolve) => {
    domain.start = () => resolve(OKAY);
  });
}

/** A channel whose ports are those of `node:worker_threads`, as the global one's are too. */
function portPair(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}
