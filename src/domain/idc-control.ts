// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { EndpointHealth, Quotas } from '../idc/contract.ts';
import type { EndpointNews } from '../idc/observed.ts';
import { pingPeer } from '../idc/ping.ts';
import type { End, Rendezvous } from '../idc/rendezvous.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody } from './control.ts';

/** An endpoint as its domain reports it. */
export interface EndpointReport {
  readonly address: string;
  /** Domain of the peer; absent while there is none. */
  readonly peer?: number;
  readonly state: string;
  /** Of this end at its address; goes up with each connection that ended. */
  readonly incarnation: number;
  /** Connections so far. */
  readonly connections: number;
  readonly health: EndpointHealth;
  readonly quotas: Quotas;
  /** Why the last connection ended; empty before. */
  readonly lastEnd: string;
}

/** Longest that pings may take, milliseconds; polled ones hold the domain up. */
const PING_LIMIT = 10_000;
const POLLED_LIMIT = 2000;

/** How xend looks after a domain's endpoints: the control messages of type IDC. */
export function createIdcControl(rendezvous: Rendezvous) {
  const MESSAGES: Readonly<Record<string, (body: ControlBody) => Promise<ControlBody> | ControlBody>> = {
    LIST: () => ({ endpoints: rendezvous.ends().map(report) }),

    async PING(body) {
      const { endpoint } = connected(body)[0];
      const size = Math.min(Number(body.size), endpoint.quotas.bodyBytes);
      const limit = body.polled === true ? POLLED_LIMIT : PING_LIMIT;
      return {
        ...(await pingPeer(endpoint, { count: Number(body.count), size, polled: body.polled === true, limit })),
      };
    },

    /** Answered when all connections that it ends have successors. */
    async CYCLE(body) {
      await Promise.all(connected(body).map(({ session }) => session.cycle('the connection was cycled from outside')));
      return {};
    },
  };

  /** Those at an address. @throws XmError `ENOTCONNECTED` when there is none */
  function connected({ address }: ControlBody): readonly [End, ...End[]] {
    const all = rendezvous.ends().filter((end) => end.address === address && end.endpoint.state === 'connected');
    const [first, ...others] = all;
    if (first === undefined) throw new XmError('ENOTCONNECTED', `no connected endpoint at ${String(address)}`);
    return [first, ...others];
  }

  return async (subtype: string, body: ControlBody): Promise<ControlAnswer> => {
    const answer = MESSAGES[subtype];
    if (answer === undefined) return { status: CMSG_STATUS.error, reason: `no message ${subtype}` };
    return { status: CMSG_STATUS.okay, ...(await answer(body)) };
  };
}

/** What xend is told of what happens in an endpoint's life. */
export function endpointNews({ address, endpoint, session }: End, news: EndpointNews): ControlBody {
  const { peer, lastEnd } = session.status();
  return { news, address, peer, connection: endpoint.incarnation, reason: lastEnd };
}

function report({ address, endpoint, session }: End): EndpointReport {
  const { peer, incarnation, lastEnd } = session.status();
  const { state, quotas, incarnation: connections } = endpoint;
  const health = endpoint.health();
  return { address, ...(peer !== undefined && { peer }), state, incarnation, connections, health, quotas, lastEnd };
}
