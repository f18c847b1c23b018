// SPDX-License-Identifier: Apache-2.0
import { DOMID_XEN, type DomId, EVTCHN_STATUS, VIRQ } from '../hv/contract.ts';
import type { PortInfo } from '../hv/evtchn.ts';
import type { XendContext } from './context.ts';
import type { ChannelInfo, DomainGrant } from './contract.ts';
import { ringPlaces } from './ring-places.ts';

const STATES: Readonly<Record<number, ChannelInfo['state']>> = {
  [EVTCHN_STATUS.unbound]: 'unbound',
  [EVTCHN_STATUS.interdomain]: 'interdomain',
  [EVTCHN_STATUS.virq]: 'virq',
};
const VIRQS = new Map(Object.entries(VIRQ).map(([name, number]) => [number as number, name]));
/** What reserved grants are for. */
const RESERVED: Readonly<Record<number, string>> = { 0: 'console', 1: 'xenstore' };

/** Ends of event channels, of all domains. */
export function listChannels(context: XendContext): readonly ChannelInfo[] {
  const uses = new Map<string, string>();
  for (const { class: kind, device, domid, evtchn } of ringPlaces(context)) {
    const { remote, remotePort } = context.hv.inspectPort(domid, evtchn) ?? {};
    uses.set(keyOf(domid, evtchn), `${kind} ${device}`);
    if (remote !== undefined && remotePort !== undefined) uses.set(keyOf(remote, remotePort), `${kind} ${device}`);
  }
  return [...context.domains.keys()].flatMap((domid) =>
    context.hv.inspectPorts(domid).map((port) => {
      // xend itself is at the other end of no other.
      const served = port.status === EVTCHN_STATUS.interdomain && port.remote === DOMID_XEN ? 'xenstore' : '';
      return channelInfo(domid, port, uses.get(keyOf(domid, port.port)) ?? served);
    }),
  );
}

function channelInfo(domid: DomId, { status, virq, ...port }: PortInfo, use: string): ChannelInfo {
  const state = STATES[status] ?? 'unbound';
  return { domid, ...port, state, ...(state === 'virq' && { virq: VIRQS.get(virq) ?? String(virq) }), use };
}

/** What all domains granted. */
export function listGrants(context: XendContext): readonly DomainGrant[] {
  const uses = new Map<string, string>();
  for (const { class: kind, device, domid, gref, more } of ringPlaces(context)) {
    const memory = context.hv.peek(domid, gref);
    for (const each of [gref, ...(memory === undefined ? [] : more(memory))]) {
      uses.set(keyOf(domid, each), `${kind} ${device}`);
    }
  }
  return [...context.domains.keys()].flatMap((domid) =>
    context.hv.inspectGrants(domid).map((grant) => {
      return { domid, ...grant, use: uses.get(keyOf(domid, grant.gref)) ?? RESERVED[grant.gref] ?? '' };
    }),
  );
}

const keyOf = (domid: DomId, number: number): string => `${domid} ${number}`;
