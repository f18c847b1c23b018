// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { Hypercalls } from '../hv/contract.ts';
import { channelTrace } from '../trace/channel.ts';
import type { StoreWatch, XenstoreClient } from '../xenstore/client-contract.ts';
import { type ArgoBell, lazyArgoBell } from './argo-bell.ts';
import { createArgoChannel } from './argo-channel.ts';
import { type ChannelKind, DEFAULT_QUOTAS, type Endpoint, type EndpointHandlers, type Quotas } from './contract.ts';
import { createEndpoint, type EndpointControl } from './endpoint.ts';
import { type EndpointNews, observed } from './observed.ts';
import type { RemoteBuffers } from './remote-contract.ts';
import type { Carrier } from './rendezvous-carrier.ts';
import { lineCarrier } from './rendezvous-line.ts';
import { createListening, type Guest, type Hosted, type Listening } from './rendezvous-listen.ts';
import { createLoans } from './rendezvous-loans.ts';
import { memoryCarrier } from './rendezvous-memory.ts';
import { createSession, type Session } from './rendezvous-session.ts';
import { addressPath, endStore } from './rendezvous-store.ts';

/** Handlers, and quotas beside the defaults. */
export interface RendezvousOptions extends EndpointHandlers {
  /** Both ends name the same, but for `registrations`, or they do not connect. */
  readonly quotas?: Partial<Quotas>;
  /**
   * What carries the connection; both ends name the same, or they do not connect. `ring`, unless said, is faster and lends
   * buffers; `argo` is for a peer that is not trusted: no memory is shared, so none is lent.
   */
  readonly channel?: ChannelKind;
  /** Told, in words for people, why a connection could not be made or was broken off. */
  readonly onProblem?: (reason: string) => void;
}

/** Limits of a listener. */
export interface ListenOptions extends Pick<RendezvousOptions, 'quotas' | 'channel' | 'onProblem'> {
  /** Guests of one domain at a time, so that none takes all there is; 8 unless said. Others of it wait for these to go. */
  readonly perDomain?: number;
}

/** Somebody who listens at an address. */
export interface Listener {
  /** Stops, and destroys the endpoints that were made for guests; `done` when nothing of them is left. */
  close(done?: () => void): void;
}

/** Endpoints of a domain that find their peers by themselves. */
export interface Rendezvous {
  /**
   * An endpoint that meets another one made for the same address, in another domain or in this one (spec/idc.md 1.3 B, 1.5).
   * Connects whenever there is a peer: in any order of starting, again after either end was destroyed, bounced or died.
   *
   * An address is for two. The first two ends that come are a pair; a third one waits, absent, until one of them goes. While
   * the domain is not given the address (`(idc ADDRESS)` of its configuration) the endpoint waits too.
   *
   * Its `destroy` calls back when, beyond what every endpoint promises, its node is gone from the store and its memory from
   * use. A peer that goes on mapping that memory delays neither; the memory returns to the domain when the peer lets go.
   *
   * @throws XmError `EINVAL` for a channel that does not exist, and for nothing else
   */
  endpoint(address: string, options?: RendezvousOptions): Endpoint;
  /**
   * Listens at an address (spec/idc.md 1.3, rule 13): not the first two that come are a pair, but everybody with an endpoint
   * that is made here for him alone. Ends that were a pair before part. The others need not know; if several listen at an
   * address, all of them greet everybody, and the next one takes over when the first goes.
   *
   * @param onGuest called for each end that comes; it may come again, as another guest
   * @throws XmError `EINVAL` for a channel that does not exist
   */
  listen(address: string, onGuest: (guest: Guest) => void, options?: ListenOptions): Listener;
  /** The endpoints that there are, for whoever looks after them. */
  ends(): readonly End[];
}

/** An endpoint and its introduction. */
export interface End {
  readonly address: string;
  readonly endpoint: EndpointControl;
  readonly session: Session;
}

/** What the endpoints of one address share. */
interface Place {
  readonly watch: StoreWatch;
  /** By the path of their node. */
  readonly ends: Map<string, End>;
  readonly listenings: Set<Listening>;
  /** Set when the last endpoint has left: the end of the watch, which all who leave wait for. */
  closed: Promise<void> | undefined;
}

/**
 * The rendezvous of one domain: no broker, only levels in the store, watches and hypercalls.
 *
 * @param bell for all connections over Argo; given where the domain uses it for something else too
 * @param observe told of what happens in the life of each endpoint, before its user is
 */
export function createRendezvous(
  hypercalls: Hypercalls,
  xs: XenstoreClient,
  buffers: RemoteBuffers,
  bell: () => Promise<ArgoBell> = lazyArgoBell(hypercalls),
  observe?: (end: End, news: EndpointNews) => void,
): Rendezvous {
  const places = new Map<string, Place>();
  const loans = createLoans(hypercalls, watchDeaths);

  const carriers: Readonly<Record<ChannelKind, (address: string) => Carrier>> = {
    ring: (address) => memoryCarrier(hypercalls, loans, address),
    argo: () =>
      lineCarrier(hypercalls, bell, (shared, line, { aport, quotas, side }) => {
        const trace = channelTrace(hypercalls.trace, aport >>> 1, side);
        return createArgoChannel(hypercalls.argo, shared, line, quotas, trace);
      }),
  };

  /** A borrower that dies has let go, and says nothing in its own node. */
  function watchDeaths(): () => void {
    const { ready, close } = xs.watch('@releaseDomain', { listener: onDeath });
    // Without it, over the quota of watches, memory returns when something happens at its address.
    ready.catch(() => {});
    return () => void close();
  }

  function onDeath(): void {
    for (const [address, place] of places) onNews(address, place, '');
  }

  function onNews(address: string, place: Place, path: string): void {
    const { ends } = place;
    // Not left to the sessions: they may wait for their users.
    void loans.sweep();
    // An end knows what it wrote itself.
    for (const [own, { session }] of ends) if (path !== own) session.wake();
    for (const listening of place.listenings) listening.wake();
    if (ends.size === 0) void leavePlace(address, place);
  }

  function openPlace(address: string): Place {
    const ends = new Map<string, End>();
    const listener = (path: string): void => onNews(address, place, path);
    const watch = xs.watch(addressPath(address), { listener });
    const place: Place = { watch, ends, listenings: new Set(), closed: undefined };
    // The sessions tell.
    place.watch.ready.catch(() => {});
    places.set(address, place);
    return place;
  }

  /** Ends the watch of an address that has no endpoint any more, unless something lent there is still to come back. */
  async function leavePlace(address: string, place: Place): Promise<void> {
    await loans.sweep();
    const empty = place.ends.size === 0 && place.listenings.size === 0;
    if (place.closed === undefined && empty && !loans.held(address)) {
      places.delete(address);
      place.closed = place.watch.close();
    }
    await place.closed;
  }

  function checkChannel(channel: string): void {
    if (Object.hasOwn(carriers, channel)) return;
    throw new XmError('EINVAL', `There is no channel '${channel}'`, { hint: "'ring' or 'argo'" });
  }

  /** Makes an end; for one other alone if `guest` names it. */
  function open(address: string, options: RendezvousOptions, guest?: string): Hosted {
    const { quotas, channel = 'ring', onProblem = () => {}, ...handlers } = options;
    checkChannel(channel);
    const name = newName();
    const endpoint = createEndpoint({
      ...(observe ? observed(handlers, (news) => observe(end, news)) : handlers),
      ...(quotas && { quotas }),
      buffers,
      onBroken(reason) {
        onProblem(reason);
        void session.cycle(reason);
      },
    });
    const place = places.get(address) ?? openPlace(address);
    const store = endStore(xs, address, hypercalls.domid, name, { quotas: endpoint.quotas, channel });
    const session = createSession({
      ...{ address, name, store, loans, endpoint, guest, onProblem },
      domid: hypercalls.domid,
      carrier: carriers[channel](address),
      watching: place.watch.ready,
    });
    const end: End = { address, endpoint, session };
    place.ends.set(store.path, end);
    session.wake();

    const { destroy } = endpoint;
    const gone = Promise.withResolvers<void>();
    let destroying = false;
    Object.assign(endpoint, {
      destroy(done: () => void = () => {}) {
        const over = Promise.withResolvers<void>();
        destroy(over.resolve);
        destroying = true;
        void Promise.all([over.promise, session.leave()]).then(async () => {
          place.ends.delete(store.path);
          await leavePlace(address, place);
          gone.resolve();
          done();
        });
      },
    });
    return {
      endpoint,
      end() {
        if (!destroying) endpoint.destroy();
        return gone.promise;
      },
    };
  }

  const newName = (): string => `${hypercalls.domid}-${randomName()}`;

  return {
    endpoint: (address, options = {}) => open(address, options).endpoint,
    listen(address, onGuest, { perDomain = 8, ...options } = {}) {
      const { quotas, channel = 'ring', onProblem = () => {} } = options;
      checkChannel(channel);
      const { domid } = hypercalls;
      const name = newName();
      const place = places.get(address) ?? openPlace(address);
      const wanted = { quotas: { ...DEFAULT_QUOTAS, ...quotas }, channel };
      const listening = createListening({
        ...{ domid, name, perDomain, onGuest, onProblem },
        store: endStore(xs, address, domid, name, wanted),
        watching: place.watch.ready,
        open: (guest, handlers) => open(address, { ...options, ...handlers }, guest),
      });
      place.listenings.add(listening);
      listening.wake();
      return {
        close(done = () => {}) {
          void listening.close().then(async () => {
            place.listenings.delete(listening);
            await leavePlace(address, place);
            done();
          });
        },
      };
    },
    ends: () => [...places.values()].flatMap(({ ends }) => [...ends.values()]),
  };
}

/** 64 random bits, so that no end is ever taken for another, of an earlier domain with the same id for instance. */
function randomName(): string {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
