// SPDX-License-Identifier: Apache-2.0
import { CMSG_STATUS, type ControlAnswer, type ControlBody, OKAY } from '../domain/control.ts';
import { XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { IdcEndpointInfo, XendApi } from './contract.ts';
import type { XendDomain } from './domain.ts';
import { EVENT_KINDS } from './event.ts';

/** Longest wait for a domain to say what endpoints it has, milliseconds. */
const LIST_LIMIT = 1000;
/** Most endpoints of one domain that are shown. */
const MAX_LISTED = 1000;

/** What a domain said. None of it is trusted to have the right type. */
type Told = Readonly<Record<string, unknown>>;
const count = (told: Told, key: string): number => (Number.isSafeInteger(told[key]) ? Number(told[key]) : 0);
const time = (told: Told, key: string): number => (Number.isFinite(told[key]) ? Number(told[key]) : 0);
const text = (told: Told, key: string): string => String(told[key]).slice(0, 200);

async function ask(domain: XendDomain, subtype: string, body: ControlBody, limit?: number): Promise<ControlAnswer> {
  const gone: ControlAnswer = { status: CMSG_STATUS.error, reason: 'it does not run' };
  if (domain.phase !== 'running' || domain.control === undefined) return gone;
  return domain.control.request('IDC', subtype, body, limit);
}

/** The same, where anything but success is an error for people. */
async function demand(domain: XendDomain, subtype: string, body: ControlBody): Promise<Told> {
  const answer = await ask(domain, subtype, body);
  if (answer.status === CMSG_STATUS.okay) return answer;
  throw new XmError('EIDC', `Domain '${domain.name}' did not do it: ${text(answer, 'reason')}`);
}

function endpointInfo({ domains }: XendContext, { domid, name }: XendDomain, told: Told): IdcEndpointInfo {
  const peerId = count(told, 'peer');
  const health: Told = Object(told.health);
  const quotas: Told = Object(told.quotas);
  return {
    domid,
    domain: name,
    address: text(told, 'address'),
    ...(told.peer !== undefined && { peerId, peer: domains.get(peerId)?.name ?? '' }),
    state: text(told, 'state'),
    incarnation: count(told, 'incarnation'),
    connections: count(told, 'connections'),
    inFlight: count(health, 'inFlight'),
    queued: count(health, 'queued'),
    held: count(health, 'held'),
    sent: count(health, 'sent'),
    received: count(health, 'received'),
    failed: count(health, 'failed'),
    registered: count(health, 'registered'),
    quotas: {
      inFlight: count(quotas, 'inFlight'),
      bodyBytes: count(quotas, 'bodyBytes'),
      registrations: count(quotas, 'registrations'),
    },
    lastDisconnect: text(told, 'lastEnd'),
  };
}

/** A domain tells what happened to one of its endpoints; it is believed no more than that it says so. */
export function noteEndpoint({ events }: Pick<XendContext, 'events'>, domain: XendDomain, told: Told): ControlAnswer {
  const { address } = told;
  const news = EVENT_KINDS.endpoint.find((known) => known === told.news);
  if (news === undefined || !domain.config.addresses.includes(String(address))) {
    return { status: CMSG_STATUS.error, reason: 'no such endpoint' };
  }
  events.publish('endpoint', news, domain, {
    address: String(address),
    ...(told.peer !== undefined && { peer: count(told, 'peer') }),
    connection: count(told, 'connection'),
    ...(news === 'disconnect' && { reason: text(told, 'reason') }),
  });
  return OKAY;
}

/** The endpoints of a domain, undefined when it does not answer: it is paused, or busy. */
export async function endpointsOf(
  context: XendContext,
  domain: XendDomain,
): Promise<readonly IdcEndpointInfo[] | undefined> {
  if (domain.config.addresses.length === 0) return [];
  const { status, endpoints } = await ask(domain, 'LIST', {}, LIST_LIMIT);
  if (status !== CMSG_STATUS.okay || !Array.isArray(endpoints)) return undefined;
  return endpoints.slice(0, MAX_LISTED).map((told) => endpointInfo(context, domain, Object(told)));
}

/** The endpoints of all domains; those domains that do not answer are named. */
export async function listEndpoints(context: XendContext): Promise<XendApi['idc.list']['result']> {
  const holders = [...context.domains.values()].filter(({ config }) => config.addresses.length > 0);
  const silent: string[] = [];
  const lists = await Promise.all(
    holders.map(async (domain) => {
      const endpoints = await endpointsOf(context, domain);
      if (endpoints === undefined) silent.push(domain.name);
      return endpoints ?? [];
    }),
  );
  return { endpoints: lists.flat(), silent };
}

/** Those that are connected at an address. @throws XmError `ENOTCONNECTED` when there is none; `who` is for the message */
async function findConnected(
  context: XendContext,
  address: string,
  who: string,
  mayBe: (end: IdcEndpointInfo) => boolean = () => true,
): Promise<readonly [IdcEndpointInfo, ...IdcEndpointInfo[]]> {
  const { endpoints } = await listEndpoints(context);
  const found = endpoints.filter((end) => end.address === address && end.state === 'connected' && mayBe(end));
  const [first, ...others] = found;
  if (first !== undefined) return [first, ...others];
  throw new XmError('ENOTCONNECTED', `${who} connected at address '${address}'`, { hint: "see 'xm idc-list'" });
}

/** Round trips from a domain's endpoint to its peer. @throws XmError `ENOTCONNECTED`, `EINVAL`, `EIDC` */
export async function pingEndpoint(
  context: XendContext,
  domain: XendDomain,
  { address, count: wanted, size, polled = false }: XendApi['idc.ping']['params'],
): Promise<XendApi['idc.ping']['result']> {
  const who = `Domain '${domain.name}' has no endpoint`;
  const [end] = await findConnected(context, address, who, ({ domid }) => domid === domain.domid);
  const { domid, domain: name, peerId = -1, peer = '', quotas } = end;
  if (size > quotas.bodyBytes) {
    throw new XmError('EINVAL', `The endpoints at address '${address}' exchange at most ${quotas.bodyBytes} bytes`);
  }
  const told = await demand(domain, 'PING', { address, count: wanted, size, polled });
  const rtt: Told = Object(told.rtt);
  const [min, avg, max] = [time(rtt, 'min'), time(rtt, 'avg'), time(rtt, 'max')];
  const [mdev, p50, p99] = [time(rtt, 'mdev'), time(rtt, 'p50'), time(rtt, 'p99')];
  return {
    ...{ address, domid, domain: name, peerId, peer, size, polled },
    ...{ transmitted: count(told, 'transmitted'), answered: count(told, 'answered'), time: time(told, 'time') },
    ...(told.rtt !== undefined && { rtt: { min, avg, max, mdev, p50, p99 } }),
  };
}

/** Has all who are connected at an address disconnect and connect again. @throws XmError `ENOTCONNECTED`, `EIDC` */
export async function cycleAddress(context: XendContext, address: string): Promise<XendApi['idc.cycle']['result']> {
  const ends = await findConnected(context, address, 'Nobody is');
  const of = (domid: number) => ends.filter((end) => end.domid === domid);
  // Where somebody listens, each connection has an end in his domain.
  const { domid, domain: name } = ends.reduce((most, end) =>
    of(end.domid).length > of(most.domid).length ? end : most,
  );
  const domain = context.domains.get(domid);
  if (domain === undefined) throw new XmError('ENOTCONNECTED', `Domain '${name}' has gone`);
  const start = performance.now();
  await demand(domain, 'CYCLE', { address });
  const peers = of(domid).map(({ peerId = -1, peer = '' }) => ({ domid: peerId, name: peer }));
  return { address, domid, domain: name, peers, time: performance.now() - start };
}
