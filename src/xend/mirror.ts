// SPDX-License-Identifier: Apache-2.0
import type { StoreConnection } from '../xenstore/contract.ts';
import type { Device } from './device.ts';
import type { DeviceState } from './device-table.ts';
import type { XendDomain } from './domain.ts';

/** xenbus states that tools expect for ours (spec/xend.md 3.10). */
export const XENBUS_STATE: Readonly<Record<DeviceState, number>> = {
  new: 1,
  waiting: 2,
  offered: 3,
  connected: 4,
  unserved: 1,
  closed: 6,
};

export function frontPath(device: Device): string {
  return `/local/domain/${device.front.domid}/device/${device.class.name}/${device.devid}`;
}

export function backPath(device: Device): string {
  return `/local/domain/${device.back.domid}/backend/${device.class.name}/${device.front.domid}/${device.devid}`;
}

/**
 * Publishes names and states where tools look for them (spec/primitives.md 1.3, 4). xend never reads them back: they are
 * a mirror, and what a guest can write decides nothing.
 */
export function publishDomain(xs: StoreConnection, domain: XendDomain): void {
  const home = `/local/domain/${domain.domid}`;
  const readable = ['n0', `r${domain.domid}`];
  const writable = [`n${domain.domid}`];
  const put = putter(xs);
  put(home, '', readable);
  put(`${home}/domid`, String(domain.domid), readable);
  put(`${home}/memory`, '', readable);
  put(`${home}/memory/target`, '', readable);
  publishMemory(xs, domain);
  put(`${home}/device`, '', readable);
  put(`${home}/control`, '', readable);
  put(`${home}/control/shutdown`, '', writable);
  put(`${home}/data`, '', writable);
  publishIdentity(xs, domain);
}

/**
 * Publishes what a domain is called, which may change.
 *
 * @param formerUuid if it had another one
 */
export function publishIdentity(
  xs: StoreConnection,
  { domid, name, uuid }: Pick<XendDomain, 'domid' | 'name' | 'uuid'>,
  formerUuid = uuid,
): void {
  const put = putter(xs);
  const readable = ['n0', `r${domid}`];
  if (formerUuid !== uuid) removeIfThere(xs, `/vm/${formerUuid}`);
  put(`/local/domain/${domid}/vm`, `/vm/${uuid}`, readable);
  put(`/local/domain/${domid}/name`, name, readable);
  put(`/vm/${uuid}`, '', readable);
  put(`/vm/${uuid}/name`, name, readable);
}

/** The quota, KiB. */
export function publishMemory(xs: StoreConnection, { domid, config }: XendDomain): void {
  xs.write(`/local/domain/${domid}/memory/target`, String(config.memory * 1024));
}

export function unpublishDomain(xs: StoreConnection, domain: XendDomain): void {
  for (const path of [`/local/domain/${domain.domid}`, `/vm/${domain.uuid}`]) removeIfThere(xs, path);
}

/** @returns what publishes one device, each time that it has changed */
export function devicePublisher(xs: StoreConnection): (device: Device) => void {
  let published: string | undefined;

  /** The front end's directory goes with its domain; the back end's outlives all it served. */
  function leaveBack(): void {
    if (published === undefined) return;
    removeIfThere(xs, published);
    removeIfEmpty(xs, published.slice(0, published.lastIndexOf('/')));
    published = undefined;
  }

  return (device) => {
    const path = backPath(device);
    // Of a domain that is gone nothing is made again.
    const there = device.state !== 'closed' && !device.back.lost.aborted;
    if (!there || published !== path) leaveBack();
    if (device.state === 'closed') removeIfThere(xs, frontPath(device));
    else publishFront(xs, device);
    if (there) publishBack(xs, device);
    if (there) published = path;
  };
}

function publishFront(xs: StoreConnection, device: Device): void {
  const { front, back, connection, state } = device;
  const keys: Readonly<Record<string, string>> = {
    backend: backPath(device),
    'backend-id': String(back.domid),
    state: String(XENBUS_STATE[state]),
    ...(connection && { 'event-channel': String(connection.evtchn), 'ring-ref': String(connection.frames[0] ?? -1) }),
  };
  putAll(xs, frontPath(device), keys, [`n${front.domid}`, `r${back.domid}`]);
}

function publishBack(xs: StoreConnection, device: Device): void {
  const { front, back, config, state } = device;
  const keys: Readonly<Record<string, string>> = {
    frontend: frontPath(device),
    'frontend-id': String(front.domid),
    online: '1',
    state: String(XENBUS_STATE[state]),
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [key, String(value)])),
  };
  putAll(xs, backPath(device), keys, [`n${back.domid}`, `r${front.domid}`]);
}

function putter(xs: StoreConnection) {
  return (path: string, value: string, perms: readonly string[]): void => {
    xs.write(path, value);
    xs.setPerms(path, perms);
  };
}

function putAll(
  xs: StoreConnection,
  directory: string,
  keys: Readonly<Record<string, string>>,
  perms: readonly string[],
): void {
  xs.mkdir(directory);
  xs.setPerms(directory, perms);
  for (const [key, value] of Object.entries(keys)) {
    // Values may hold what a path may not; keys come from class schemas and may too.
    if (!/^[A-Za-z0-9-]+$/.test(key)) continue;
    xs.write(`${directory}/${key}`, value);
    xs.setPerms(`${directory}/${key}`, perms);
  }
}

function removeIfEmpty(xs: StoreConnection, path: string): void {
  try {
    if (xs.directory(path).length === 0) xs.rm(path);
  } catch {
    // It went with the back end's domain.
  }
}

function removeIfThere(xs: StoreConnection, path: string): void {
  try {
    xs.rm(path);
  } catch {
    // Its parent went with another domain.
  }
}
