// SPDX-License-Identifier: Apache-2.0
import type { Quotas, ReceivedTransaction } from '../../src/idc/contract.ts';
import { createEndpoint, type EndpointControl } from '../../src/idc/endpoint.ts';
import { type SteppedEnd, steppedPair } from './idc-memory-channel.ts';

/** An endpoint of a domain: link and domain, e.g. `vbd@A`. */
type EndName = string;

/** Domains and what they ask of each other. */
export interface Topology {
  /** Connections: name, and the two domains. */
  readonly links: readonly (readonly [string, string, string])[];
  /**
   * What each client does: the ends through which a request goes, from the client's on. Who receives it asks through the next
   * one, and answers when it is answered; the last one answers by itself.
   */
  readonly routes: readonly (readonly EndName[])[];
  /** Requests of each client at once. */
  readonly calls: number;
  readonly inFlight: number;
}

/** Rules that an implementation could break. */
export interface Defects {
  /** A reply uses the slots of the replier's own requests: not reserved when the request was taken. */
  readonly sharedCredit?: boolean;
  /** All endpoints of a domain hold what they received in one place. */
  readonly sharedPlaces?: boolean;
}

/** One step that some domain can take: what happens at one of its ends, by its index; which handler answers. */
export interface Move {
  readonly end: number;
  readonly what: 'request' | 'reply' | 'answer';
  readonly tag: string;
}

/** The real endpoints of a topology, between any two steps. */
export interface DeadlockWorld {
  moves(): readonly Move[];
  make(move: Move): void;
  /** All that the future depends on. */
  key(): string;
  /** Calls of clients that are not answered yet. */
  readonly unanswered: number;
}

interface End {
  readonly domain: string;
  readonly wire: SteppedEnd;
  readonly endpoint: EndpointControl;
  /** Received; the handler could answer it now. `route.hop` each. */
  readonly ready: { readonly tag: string; readonly received: ReceivedTransaction }[];
  /** Submitted and not completed, in order. */
  readonly submitted: string[];
  /** Received and not answered. */
  holds: number;
}

/** Connects the endpoints and has every client submit all its calls. */
export function newDeadlockWorld(topology: Topology, { sharedCredit, sharedPlaces }: Defects = {}): DeadlockWorld {
  const { links, routes, calls, inFlight } = topology;
  const quotas: Quotas = { inFlight, bodyBytes: 8, registrations: 0 };
  const ends: End[] = [];
  const indexes = new Map<EndName, number>();
  let unanswered = routes.length * calls;

  function open(link: string, domain: string, wire: SteppedEnd): void {
    const endpoint = createEndpoint({ quotas, onTransaction: (received) => receive(end, received) });
    const end: End = { domain, wire, endpoint, ready: [], submitted: [], holds: 0 };
    endpoint.appear();
    endpoint.connect(wire.channel);
    indexes.set(`${link}@${domain}`, ends.push(end) - 1);
  }

  function receive(end: End, received: ReceivedTransaction): void {
    const [route, hop] = [received.parameters[0]!, received.parameters[1]! + 1];
    const tag = `${route}.${hop}`;
    end.holds++;
    const answerable = (): void => void end.ready.push({ tag, received });
    if (hop < routes[route]!.length) submit(route, hop, answerable);
    else answerable();
  }

  function submit(route: number, hop: number, done: () => void): void {
    const { endpoint, submitted } = ends[indexes.get(routes[route]![hop]!)!]!;
    const tag = `${route}.${hop}`;
    const transaction = endpoint.transaction();
    transaction.parameters.set([route, hop]);
    transaction.parametersLength = 2;
    submitted.push(tag);
    endpoint.submit(transaction, () => {
      submitted.splice(submitted.indexOf(tag), 1);
      done();
    });
  }

  function placeFor({ domain }: End): boolean {
    return sharedPlaces !== true || !ends.some((end) => end.domain === domain && end.holds >= inFlight);
  }

  function movesOf(at: End, end: number): readonly Move[] {
    const { wire, ready } = at;
    const moves: Move[] = [...new Set(ready.map(({ tag }) => tag))].map((tag) => ({ end, what: 'answer', tag }));
    if (wire.replies.length > 0) moves.push({ end, what: 'reply', tag: '' });
    if (wire.requests.length > 0 && placeFor(at)) moves.push({ end, what: 'request', tag: '' });
    return moves;
  }

  function make({ end, what, tag }: Move): void {
    const { wire, ready } = ends[end]!;
    if (what === 'request') wire.deliverRequest();
    else if (what === 'reply') wire.deliverReply();
    else {
      const at = ready.findIndex((one) => one.tag === tag);
      const [one] = ready.splice(at, 1);
      ends[end]!.holds--;
      one!.received.complete(0);
    }
  }

  function keyOf({ wire, endpoint, ready, submitted, holds }: End): string {
    const { inFlight: out, queued, held } = endpoint.health();
    const tags = ready.map(({ tag }) => tag).toSorted();
    const arriving = wire.requests.map(({ body }) => `${body.bytes[0]}.${body.bytes[1]}`);
    return [wire.replies.length, out, queued, held, holds, tags, submitted, arriving].join(';');
  }

  for (const [link, near, far] of links) {
    const [front, back] = steppedPair(quotas, sharedCredit);
    open(link, near, front);
    open(link, far, back);
  }
  for (const route of routes.keys()) {
    for (let call = 0; call < calls; call++) submit(route, 0, () => unanswered--);
  }
  return {
    moves: () => ends.flatMap(movesOf),
    make,
    key: () => ends.map(keyOf).join('|'),
    get unanswered() {
      return unanswered;
    },
  };
}

/** What {@link exploreAll} saw. */
export interface Exploration {
  readonly states: number;
  /** In which everything is answered. */
  readonly final: number;
  /** Steps to a state in which nothing can happen and something is not answered. */
  readonly stuck: readonly Move[] | undefined;
}

/**
 * Visits every state that any order of steps leads to, once; stops at the first that is stuck. As each step brings some call
 * nearer to its end, there are no cycles: without a stuck state every history ends with everything answered.
 *
 * Endpoints cannot be copied, so a state is reached by doing the steps to it again.
 */
export function exploreAll(make: () => DeadlockWorld): Exploration {
  const seen = new Set<string>();
  const open: (readonly Move[])[] = [[]];
  let final = 0;
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const world = make();
    for (const move of path) world.make(move);
    for (let key = world.key(); !seen.has(key); key = world.key()) {
      seen.add(key);
      const [next, ...others] = world.moves();
      if (next === undefined) {
        if (world.unanswered > 0) return { states: seen.size, final, stuck: path };
        final++;
        break;
      }
      for (const other of others) open.push([...path, other]);
      path = [...path, next];
      world.make(next);
    }
  }
  return { states: seen.size, final, stuck: undefined };
}
