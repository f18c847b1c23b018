// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { DomId, Hypercalls } from '../hv/contract.ts';
import type { ArgoBell } from '../idc/argo-bell.ts';
import { createLoans } from '../idc/rendezvous-loans.ts';
import { ADDRESSES, addressPath } from '../idc/rendezvous-store.ts';
import type { XenstoreClient } from '../xenstore/client-contract.ts';
import type { Peer, VsockConnection, Vsocks } from './contract.ts';
import { latest } from './latest.ts';
import { createLink, type Link } from './link.ts';
import { linkAddress, peersPath, readPeers } from './peers.ts';
import { checkPort, createPorts } from './ports.ts';
import { createServer } from './server.ts';
import { createSocket } from './socket.ts';

/** How long a connection may take to be made, milliseconds. */
const CONNECT_LIMIT = 10_000;
const LINGER = 500;

/** What a domain has to do with the world around it, if it has. */
export interface Host {
  /** Who takes connections to a port at which nobody listens. */
  taker(peer: Peer, port: number): ((connection: VsockConnection) => void) | undefined;
  /** The domains that it may talk to are these now. */
  changed(peers: readonly Peer[]): void;
}

/** What may be different for a domain. */
export interface VsockOptions {
  readonly host?: Host | undefined;
  /** How long its links stay without a connection, milliseconds; 500 unless said. */
  readonly linger?: number;
}

/** A peer, and the link to it. */
interface Neighbour {
  readonly peer: Peer;
  readonly link: Link;
}

/**
 * The link manager of a domain: who may be talked to is read from the store, links are made when somebody wants one, at either end.
 *
 * @param bell of the domain, for all its connections over Argo
 */
export function createVsocks(
  hypercalls: Hypercalls,
  xs: XenstoreClient,
  bell: () => Promise<ArgoBell>,
  { host, linger = LINGER }: VsockOptions = {},
): Vsocks {
  const { domid } = hypercalls;
  const ports = createPorts();
  const neighbours = new Map<DomId, Neighbour>();
  const addresses = new Map<string, Link>();
  const loans = createLoans(hypercalls, watchDeaths);
  let change = Promise.withResolvers<void>();

  function watchDeaths(): () => void {
    const { ready, close } = xs.watch('@releaseDomain', { listener: () => void loans.sweep() });
    ready.catch(() => {});
    return () => void close();
  }

  const levels = xs.watch(ADDRESSES, {
    listener(path) {
      void loans.sweep();
      const [, , address] = path.split('/');
      if (address !== undefined) addresses.get(address)?.wake();
      // Events that were too many to be kept are one for all.
      else for (const link of addresses.values()) link.wake();
    },
  });
  const permits = xs.watch(peersPath(domid), {
    // The store ends for this domain when the domain does.
    listener: () => void refresh().catch(() => {}),
  });
  const ways = {
    ...{ hypercalls, xs, loans, bell, linger },
    watching: levels.ready,
    newName: () => `${domid}-${crypto.randomUUID()}`,
    accept(peer: Peer, port: number) {
      const taker = ports.taker(port);
      return typeof taker === 'number' ? (host?.taker(peer, port) ?? taker) : taker;
    },
  };
  // Without them connecting fails, for the reason that the store gives.
  levels.ready.catch(() => {});
  permits.ready.catch(() => {});

  function meet(peer: Peer): void {
    const address = linkAddress(domid, peer.domid);
    const link = createLink(ways, peer, address);
    neighbours.set(peer.domid, { peer, link });
    addresses.set(address, link);
    link.wake();
  }

  /** Waits for nobody but the store. */
  async function part({ peer, link }: Neighbour): Promise<void> {
    neighbours.delete(peer.domid);
    addresses.delete(link.address);
    await link.cut();
  }

  const refresh = latest(async () => {
    const peers = await readPeers(xs, domid);
    for (const neighbour of neighbours.values()) {
      const still = peers.find((peer) => peer.domid === neighbour.peer.domid);
      if (still?.transport !== neighbour.peer.transport) await part(neighbour);
      // What else is left of the address is the supervisor's.
      if (still === undefined) await xs.rm(`${addressPath(neighbour.link.address)}/${domid}`).catch(() => {});
    }
    for (const peer of peers) {
      const known = neighbours.get(peer.domid);
      // It may be called otherwise.
      if (known !== undefined) neighbours.set(peer.domid, { ...known, peer });
      else meet(peer);
    }
    host?.changed(peers);
    change.resolve();
    change = Promise.withResolvers();
  });

  function find(wanted: DomId | string): Neighbour | undefined {
    for (const neighbour of neighbours.values()) {
      const { peer } = neighbour;
      if (peer.domid === wanted || peer.name === wanted || String(peer.domid) === wanted) return neighbour;
    }
    return undefined;
  }

  /** A name may be that of one who is still to come. */
  async function findSoon(wanted: DomId | string, over: Promise<never>): Promise<Neighbour> {
    await Promise.race([permits.ready, over]);
    await refresh();
    for (;;) {
      const found = find(wanted);
      if (found !== undefined) return found;
      if (typeof wanted === 'number') {
        throw new XmError('EHOSTUNREACH', `Domain ${domid} may not talk to domain ${wanted}, or there is none`);
      }
      await Promise.race([change.promise, over]);
    }
  }

  async function open(
    wanted: DomId | string,
    port: number,
    { timeout = CONNECT_LIMIT, signal: given }: { timeout?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<VsockConnection> {
    checkPort(port);
    const patience = new AbortController();
    const over = Promise.withResolvers<never>();
    over.promise.catch(() => {});
    patience.signal.addEventListener('abort', () => over.reject(patience.signal.reason));
    const giveUp = (): void => patience.abort(given?.reason);
    given?.addEventListener('abort', giveUp);
    if (given?.aborted) giveUp();
    const late = setTimeout(() => {
      patience.abort(new XmError('ETIMEDOUT', `Domain '${wanted}' did not answer within ${timeout / 1000} s`));
    }, timeout);
    try {
      const { link } = await findSoon(wanted, over.promise);
      for (;;) {
        const traffic = await link.up(patience.signal);
        const connection = traffic.connect(port);
        try {
          await Promise.race([connection.opened, over.promise]);
          return connection;
        } catch (error) {
          connection.cut();
          // The link went before the answer: nothing has happened on it.
          if ((error as { code?: string }).code !== 'ECONNRESET' || patience.signal.aborted) throw error;
        }
      }
    } finally {
      clearTimeout(late);
      given?.removeEventListener('abort', giveUp);
    }
  }

  return {
    peers: () => [...neighbours.values()].map(({ peer }) => peer),
    links: () => [...neighbours.values()].map(({ peer, link }) => ({ ...link.report(), name: peer.name })),
    open,
    listen: ports.listen,
    connect(peer, port, onConnect) {
      const patience = new AbortController();
      const socket = createSocket(open(peer, port, { signal: patience.signal }), {
        ...{ peer: String(peer), port, allowHalfOpen: false },
      });
      socket.once('close', () => patience.abort(new XmError('ECANCELED', 'the socket was destroyed')));
      if (onConnect !== undefined) socket.once('connect', onConnect);
      return socket;
    },
    createServer: (onConnection) => createServer(ports, onConnection),
  };
}
