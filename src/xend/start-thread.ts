// SPDX-License-Identifier: Apache-2.0
import { DEDICATED } from '../config/pool-name.ts';
import type { DeviceClass } from '../devices/contract.ts';
import { type ControlAnswer, type ControlBody, type ControlHandler, OKAY } from '../domain/control.ts';
import type { DomainThread, KernelImage } from '../domain/launch.ts';
import { V8_HEAP } from '../domain/memory-watch.ts';
import { startDomain, startLightDomain } from '../domain/start.ts';
import type { XendContext } from './context.ts';
import type { DeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import { type DriverEnd, driverOf } from './drivers.ts';
import { noteEndpoint } from './idc.ts';
import { shareMemory } from './memory.ts';

/** Limit of Domain-0's heap, MB. */
const CONTROL_HEAP = 512;

/**
 * Starts a domain in its own thread or in a pool, with doors to hypervisor, store and xend; notes them in the domain.
 *
 * @param restored state of its kernel, if it was saved
 */
export function startThread(
  context: XendContext,
  devices: DeviceService,
  domain: XendDomain,
  kernel: KernelImage | undefined,
  restored: Uint8Array | undefined,
): DomainThread {
  const { paths, classes, pools } = context;
  const { config, domid, name } = domain;
  const serves = ({ name, own }: DeviceClass): boolean =>
    domid === 0 ? own === undefined : config.backends.includes(name);
  const drivers = (end: DriverEnd, wanted: (deviceClass: DeviceClass) => boolean) =>
    classes.all.filter(wanted).map((item) => driverOf(item, end));
  const spec = {
    domid,
    name,
    kernel,
    args: config.image.args,
    pagesMB: shareMemory(config).pages,
    heapMB: domid === 0 ? CONTROL_HEAP : V8_HEAP,
    fronts: domid === 0 ? [] : drivers('FE', ({ own }) => own === undefined),
    backs: drivers('BE', serves),
    runDir: paths.runDir,
    addresses: config.addresses,
    vsock: Object.keys(config.vsock).length > 0,
    restored,
  };
  const handle: ControlHandler = (type, subtype, body) => {
    if (type === 'DOMAIN') return handleDomain(domain, subtype, body);
    if (type === 'IDC' && subtype === 'ENDPOINT') return noteEndpoint(context, domain, body);
    return devices.handle(domain, type, subtype, body);
  };
  const { store, control, thread } =
    config.pool === DEDICATED
      ? startDomain(context, spec, handle)
      : startLightDomain(context, pools.find(config.pool).place(domid), spec, handle);
  domain.store = store;
  domain.control = control;
  domain.thread = thread;
  return thread;
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
