// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { CMSG_STATUS, type ControlBody } from '../domain/control.ts';
import { introducePeers, joinGroups, peersOf, separatePeers, type VsockMember } from '../domain/vsock-peers.ts';
import { XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { VsockLinkInfo, XendApi } from './contract.ts';
import type { XendDomain } from './domain.ts';

/** Longest wait for a domain to say what links it has, milliseconds. */
const LIST_LIMIT = 1000;
/** Most links of one domain that are shown. */
const MAX_LISTED = 1000;

const memberOf = ({ domid, name, config }: XendDomain): VsockMember => ({ domid, name, groups: config.vsock });

/** Lets a domain talk to those that share a group with it, and to Domain-0 if it has any. */
export function joinDomain(context: XendContext, domain: XendDomain): void {
  const own = memberOf(domain);
  if (Object.keys(own.groups).length === 0) return;
  const others = [...context.domains.values()].map((other) =>
    other.domid === 0 ? { ...memberOf(other), groups: own.groups } : memberOf(other),
  );
  joinGroups(context.xs, own, others);
  for (const each of [domain, context.domains.get(0)!]) wakeManager(context, each);
}

/** A domain has ended: nobody talks to it any more. May be called again. */
export function partDomain({ xs, vsockDoors }: XendContext, { domid }: XendDomain): void {
  separatePeers(xs, domid);
  vsockDoors.close(domid);
}

/** Its link manager starts if it has not, and its calls can be made from outside. */
function wakeManager({ vsockDoors }: XendContext, domain: XendDomain): void {
  // It is asked for nothing: one that is paused starts it later.
  void domain.request('VSOCK', 'START', {});
  vsockDoors.open(domain);
}

/** `xm idc-setup`: lets each of some domains talk to each other of them. @throws XmError `EINVAL` for fewer than two */
export function setUpVsocks(
  context: XendContext,
  found: readonly XendDomain[],
  { transport = 'ring' }: XendApi['vsock.setup']['params'],
): XendApi['vsock.setup']['result'] {
  const domains = [...new Set(found)];
  if (domains.length < 2) throw new XmError('EINVAL', 'Two domains or more are needed that are to talk to each other');
  const gone = domains.find(({ phase }) => phase === 'shutdown' || phase === 'crashed' || phase === 'dying');
  if (gone !== undefined) throw new XmError('ENOTRUNNING', `Domain '${gone.name}' is not running`);
  const pairs = domains.flatMap((one, index) => domains.slice(index + 1).map((other) => [one, other] as const));
  for (const pair of pairs) introducePeers(context.xs, pair, transport);
  for (const domain of domains) wakeManager(context, domain);
  return { pairs: pairs.map(([one, other]) => [one.name, other.name] as const), transport };
}

/** The links of all domains; those domains that do not answer are named. */
export async function listLinks(context: XendContext): Promise<XendApi['vsock.list']['result']> {
  const holders = [...context.domains.values()].filter(({ domid }) => peersOf(context.xs, domid).length > 0);
  const silent: string[] = [];
  const lists = await Promise.all(
    holders.map(async (domain) => {
      const { status, links } = await domain.request('VSOCK', 'LIST', {}, LIST_LIMIT);
      if (status === CMSG_STATUS.okay && Array.isArray(links)) {
        return links.slice(0, MAX_LISTED).map((told) => linkInfo(domain, Object(told)));
      }
      silent.push(domain.name);
      return [];
    }),
  );
  return { links: lists.flat(), silent };
}

/** What a domain said. None of it is trusted to have the right type. */
function linkInfo({ domid, name }: XendDomain, told: Readonly<Record<string, unknown>>): VsockLinkInfo {
  const text = (key: string): string => String(told[key]).slice(0, 200);
  const count = (key: string): number => (Number.isSafeInteger(told[key]) ? Number(told[key]) : 0);
  return {
    ...{ domid, domain: name, peerId: count('peer'), peer: text('name'), transport: text('transport') },
    ...{ state: text('state'), connections: count('connections'), problem: text('problem') },
  };
}

async function askControlDomain({ domains }: XendContext, subtype: string, body: ControlBody): Promise<ControlBody> {
  const answer = await domains.get(0)?.control?.request('VSOCK', subtype, body);
  if (answer?.status !== CMSG_STATUS.okay) throw new XmError('EVSOCK', answer?.reason ?? 'Domain-0 does not run');
  return answer;
}

/** @throws XmError `EVSOCK` with what has to be done first */
function requirePermission({ xs }: XendContext, { domid, name }: XendDomain): void {
  if (peersOf(xs, 0).includes(domid)) return;
  throw new XmError('EVSOCK', `Domain-0 may not talk to domain '${name}' over virtual sockets`, {
    hint: `'xm idc-setup 0 ${name}' lets them, or (vsock GROUP) in its configuration`,
  });
}

/** Domain-0 connects to a port of a domain, or accepts a connection to one of its own. @throws XmError `EVSOCK` */
export async function openVsockNode(
  context: XendContext,
  domain: XendDomain | undefined,
  { port }: XendApi['vsock.node']['params'],
): Promise<XendApi['vsock.node']['result']> {
  if (domain !== undefined) requirePermission(context, domain);
  const role = domain === undefined ? 'accept' : 'connect';
  const { socket } = await askControlDomain(context, 'NODE', { role, domid: domain?.domid, port });
  return { socket: String(socket) };
}

/** A unix socket of the host leads to a port of a domain. @throws XmError `EVSOCK` */
export async function forwardPort(
  context: XendContext,
  domain: XendDomain,
  { port, path }: XendApi['vsock.forward']['params'],
): Promise<XendApi['vsock.forward']['result']> {
  requirePermission(context, domain);
  const { domid } = domain;
  const socket = path ?? join(context.paths.runDir, `vsock-${domid}.sock.${port}`);
  await askControlDomain(context, 'FORWARD', { domid, port, path: socket });
  return { domid, domain: domain.name, port, path: socket };
}
