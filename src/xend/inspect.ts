// SPDX-License-Identifier: Apache-2.0
import { noSuchDomain, XmError } from '../errors.ts';
import type { ChannelContents } from '../hv/contents.ts';
import type { XendContext } from './context.ts';
import type { ControlPeer, Device } from './device.ts';
import type { XendDomain } from './domain.ts';
import type { XendEvent } from './event.ts';
import { endpointsOf } from './idc.ts';
import type {
  DeviceInspection,
  DomainInspection,
  DomainName,
  EndInspection,
  PastEvent,
  PortInspection,
} from './inspect-contract.ts';
import { lookUp, type Names, requireThere } from './lookup.ts';
import { backPath, frontPath } from './mirror.ts';
import { ringStats } from './rings.ts';
import { refreshUsage } from './usage.ts';
import { deviceInfo, domainInfo } from './views.ts';

/** What rings are of that belong to no device. */
const OF_NO_DEVICE: readonly string[] = ['idc', 'vchan', 'vsock', 'argo'];

/**
 * The domain that is meant.
 *
 * @throws XmError `ENODOMAIN`, which knows of `DOMAIN/DEVICE`, or `ENOTSTARTED`
 */
export function inspected(names: Names, word: string): XendDomain {
  const cut = word.indexOf('/');
  const owner = cut > 0 && lookUp(names, word) === undefined ? lookUp(names, word.slice(0, cut)) : undefined;
  if (owner === undefined) return requireThere(names, word);
  const { message, code } = noSuchDomain(word);
  throw new XmError(code, message, {
    hint: `a device is a word of its own: ${word.slice(0, cut)} ${word.slice(cut + 1)}`,
  });
}

/** Everything that is known of a domain. Its endpoints alone are its own words. */
export async function inspectDomain(context: XendContext, domain: XendDomain): Promise<DomainInspection> {
  const { hv, domains } = context;
  const { domid, uuid, config, thread } = domain;
  const [endpoints] = await Promise.all([endpointsOf(context, domain), refreshUsage(context)]);
  const { usedPages = 0, quotaPages = 0, extents = [], grants = [], channels = [] } = hv.contents(domid) ?? {};
  const devices = [...domains.values()].flatMap((other) => [...other.devices.values()]);
  return {
    ...domainInfo(context, domain),
    restarts: domain.restarts,
    storePath: `/local/domain/${domid}`,
    vmPath: `/vm/${uuid}`,
    ...(domid === 0 ? {} : { config }),
    ...(thread === undefined ? {} : { thread: { id: thread.worker.threadId, shared: thread.shared } }),
    heapBytes: domain.heapBytes,
    pages: { used: usedPages, quota: quotaPages },
    extents: extents.map(({ id, order }) => ({ id, order })),
    grants,
    ports: channels.map((channel) => inspectPort(context, domid, channel)),
    drivers: { front: [...domain.frontsUp], back: [...domain.backsUp] },
    devices: [...domain.devices.values()].map((device) => inspectDevice(context, device)),
    serves: devices
      .filter(({ back }) => back === domain)
      .map(({ front, class: { name }, name: device }) => ({ ...whose(front), class: name, device })),
    ...(endpoints === undefined ? {} : { endpoints }),
    rings: ringStats(context).filter(
      (ring) => [ring.domid, ring.backId].includes(domid) && OF_NO_DEVICE.includes(ring.class),
    ),
    history: pastOf(context, (event) => event.domid === domid && event.kind !== 'device' && event.kind !== 'ring'),
  };
}

/** Everything that is known of a device: both ends, what is between them, and what it has been through. */
export function inspectDevice(context: XendContext, device: Device): DeviceInspection {
  const { class: deviceClass, devid, name, front, back, connection, counters, state } = device;
  const { frames = [], evtchn, backEvtchn } = connection ?? {};
  const { grants = [] } = context.hv.contents(front.domid) ?? {};
  return {
    ...deviceInfo(device),
    phase: state,
    front: inspectEnd(context, front, frontPath(device), evtchn),
    back: inspectEnd(context, back, backPath(device), backEvtchn),
    grants: grants.filter(({ gref }) => frames.includes(gref)),
    rings: ringStats(context).filter(
      (ring) => ring.domid === front.domid && ring.class === deviceClass.name && ring.device === name,
    ),
    counters: Object.fromEntries(deviceClass.counters.map((counter, index) => [counter, counters[index] ?? 0])),
    history: pastOf(
      context,
      ({ kind, domid, details }) =>
        kind === 'device' && domid === front.domid && details.class === deviceClass.name && details.devid === devid,
    ).map(({ seq, time, event }) => ({ seq, time, event })),
  };
}

/**
 * A device of a domain, of any class.
 *
 * @param word its name (`xvda`), or `CLASS/NUMBER`
 * @throws XmError `ENODEVICE`; `EINVAL` when two are called so
 */
export function deviceNamed(domain: XendDomain, word: string): Device {
  const plain = word.replace(/^\/dev\//, '');
  const address = ({ class: { name }, devid }: Device): string => `${name}/${devid}`;
  const found = [...domain.devices.values()].filter(
    (device) => address(device) === plain || [device.name, ...device.class.names(device.config)].includes(plain),
  );
  const [only, ...others] = found;
  if (only === undefined) {
    throw new XmError('ENODEVICE', `Device ${word} not connected`, {
      hint: `'xm device-list ${domain.name}' shows what is`,
    });
  }
  if (others.length === 0) return only;
  throw new XmError('EINVAL', `There are several devices ${word}`, { hint: found.map(address).join(', ') });
}

function inspectEnd(
  context: XendContext,
  { domid, name }: ControlPeer,
  storePath: string,
  port: number | undefined,
): EndInspection {
  const channel = context.hv.contents(domid)?.channels.find((one) => one.port === port);
  const bound = channel && { port: inspectPort(context, domid, channel) };
  return { domid, domain: name, storePath, ...bound };
}

function inspectPort({ hv }: XendContext, domid: number, channel: ChannelContents): PortInspection {
  const { pending = false, masked = false, sent = 0, received = 0 } = hv.inspectPort(domid, channel.port) ?? {};
  return { ...channel, pending, masked, sent, received };
}

function whose({ domid, name }: ControlPeer): DomainName {
  return { domid, domain: name };
}

function pastOf({ events }: XendContext, wanted: (event: XendEvent) => boolean): readonly PastEvent[] {
  return events
    .read()
    .events.filter(wanted)
    .map(({ seq, time, event, details }) => ({ seq, time: new Date(time).toISOString(), event, ...details }));
}
