// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { Hypercalls } from '../hv/contract.ts';
import type { ArgoBell } from '../idc/argo-bell.ts';
import type { Quotas } from '../idc/contract.ts';
import type { Carrier } from '../idc/rendezvous-carrier.ts';
import { lineCarrier } from '../idc/rendezvous-line.ts';
import { isEnd, type Loans } from '../idc/rendezvous-loans.ts';
import { idOf } from '../idc/rendezvous-machine.ts';
import { createSession, type Session } from '../idc/rendezvous-session.ts';
import { endStore } from '../idc/rendezvous-store.ts';
import type { XenstoreClient } from '../xenstore/client-contract.ts';
import { createArgoPipe } from './argo-pipe.ts';
import type { LinkReport, Peer, Transport } from './contract.ts';
import { latest } from './latest.ts';
import { LINK, type LinkEvent, type LinkState } from './link-machine.ts';
import type { Pipe } from './pipe.ts';
import { ringCarrier } from './ring-pipe.ts';
import { createTraffic, type Traffic, type TrafficContext } from './traffic.ts';

/** What both ends agree on: the sizes of Argo's rings follow from it, those of shared memory are fixed. */
const QUOTAS: Quotas = { inFlight: 1, bodyBytes: 131_072, registrations: 0 };

/**
 * Ends of who wanted the link say so in their name. The others came because one of those was there, and bring nobody back when it
 * has gone: two domains that leave at the same time are not to call each other again.
 */
const WANTING = '-w';

/** What links of a domain have in common. */
export interface LinkWays {
  readonly hypercalls: Hypercalls;
  readonly xs: XenstoreClient;
  readonly loans: Loans;
  readonly bell: () => Promise<ArgoBell>;
  /** Rejects when nothing will tell of changes at the addresses. */
  readonly watching: Promise<void>;
  /** As {@link TrafficContext.accept}. */
  readonly accept: (peer: Peer, port: number) => ReturnType<TrafficContext['accept']>;
  /** How long a link without connections stays, milliseconds: a client may come back soon. */
  readonly linger: number;
  /** Makes names that nobody else has. */
  readonly newName: () => string;
}

/** The link to one peer: there while somebody wants it. */
export interface Link {
  readonly address: string;
  /** Something may have changed at the address. */
  wake(): void;
  /**
   * Resolves with what connections are asked of, when the link stands; meanwhile it is wanted. Rejects when the peer is none any
   * more, or with the signal's reason.
   */
  up(signal: AbortSignal): Promise<Traffic>;
  /** Ends it for good: the peer is none any more. Asks nobody. */
  cut(): Promise<void>;
  report(): LinkReport;
}

/** @param address of the two; nobody else may be there */
export function createLink(ways: LinkWays, peer: Peer, address: string): Link {
  const { hypercalls, xs, loans } = ways;
  const { transport } = peer;
  const agreed = { quotas: QUOTAS, channel: transport };
  let state: LinkState = 'down';
  let session: Session | undefined;
  let traffic: Traffic | undefined;
  let next = Promise.withResolvers<Traffic>();
  let demand = 0;
  /** Whether the end that is there was made because somebody here wanted it. */
  let wanting = false;
  /** Ends of the peer that want a link now, and those that had one and needed it no more. */
  let seen: readonly string[] = [];
  let served: readonly string[] = [];
  let linger: NodeJS.Timeout | undefined;
  let severed = false;
  let problem = '';
  let left = Promise.resolve();

  next.promise.catch(() => {});

  const carriers: Readonly<Record<Transport, () => Carrier<Pipe>>> = {
    ring: () => ringCarrier(hypercalls, loans, address),
    argo: () =>
      lineCarrier(hypercalls, ways.bell, (bell, line, { side }) => createArgoPipe(hypercalls.argo, bell, line, side)),
  };

  const STEPS = { open, leave };

  function happen(event: LinkEvent): void {
    const move = LINK[state][event];
    if (move === undefined) return;
    state = move.to;
    if (move.step !== undefined) STEPS[move.step]();
    review();
  }

  /** What it is for: somebody asks for a connection, there are some, or an end of the peer waits. */
  function wanted(): boolean {
    if (severed) return false;
    const knocks = state !== 'up' && seen.some((end) => !served.includes(end));
    return demand > 0 || knocks || (traffic?.connections ?? 0) > 0;
  }

  function review(): void {
    // An end that nobody would come for makes room for one that says what it wants.
    const unheard = state === 'meeting' && demand > 0 && !wanting && seen.length === 0;
    if (wanted() && !unheard) {
      clearTimeout(linger);
      linger = undefined;
      happen('wanted');
    } else if (severed || state === 'meeting') {
      happen('unwanted');
    } else if (state === 'up') {
      linger ??= setTimeout(expire, ways.linger);
      linger.unref();
    }
  }

  /** Nobody has wanted it for a while. The peer's end, as long as it stays the same, does not bring it back. */
  async function expire(): Promise<void> {
    await look();
    traffic?.poll();
    linger = undefined;
    if (wanted() || state !== 'up') return;
    served = seen;
    happen('unwanted');
  }

  function open(): void {
    wanting = demand > 0;
    const name = `${ways.newName()}${wanting ? WANTING : ''}`;
    session = createSession<Pipe>({
      ...{ address, name, loans, watching: ways.watching, guest: undefined },
      domid: hypercalls.domid,
      carrier: carriers[transport](),
      store: endStore(xs, address, hypercalls.domid, name, agreed),
      onProblem: note,
      endpoint: {
        quotas: QUOTAS,
        appear: () => {},
        disappear: () => {},
        connect(pipe) {
          traffic = createTraffic({
            ...{ pipe, peer },
            accept: (port) => ways.accept(peer, port),
            onGone: review,
            onBroken(why) {
              note(why);
              void session?.cycle(why);
            },
            onEnded: (why) => void session?.cycle(why),
          });
          next.resolve(traffic);
          happen('connected');
        },
        async disconnect() {
          down('the other end has gone');
          happen('lost');
        },
      },
    });
    session.wake();
  }

  function note(why: string): void {
    problem = why.slice(0, 200);
  }

  function down(why: string): void {
    const over = traffic;
    if (over === undefined) return;
    traffic = undefined;
    next = Promise.withResolvers();
    next.promise.catch(() => {});
    over.end(why);
  }

  function leave(): void {
    down(severed ? 'they may not talk any more, or it has ended' : 'it is not needed any more');
    const leaving = session!;
    session = undefined;
    left = leaving.leave().then(() => {
      happen('gone');
      void look();
    });
  }

  /** Looks which ends of the peer are there. */
  const look = latest(async () => {
    try {
      const others = await endStore(xs, address, hypercalls.domid, '', agreed).others();
      seen = others.filter(({ domid, name }) => domid === peer.domid && name.endsWith(WANTING)).map(idOf);
      review();
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  });

  return {
    address,
    wake() {
      session?.wake();
      void look();
    },
    async up(signal) {
      const refuse = Promise.withResolvers<never>();
      const abort = (): void => refuse.reject(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort);
      demand++;
      review();
      try {
        if (severed) throw unreachable(peer);
        return await Promise.race([next.promise, refuse.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
        demand--;
        review();
      }
    },
    async cut() {
      severed = true;
      clearTimeout(linger);
      next.reject(unreachable(peer));
      review();
      await left;
    },
    report: () => ({
      peer: peer.domid,
      name: peer.name,
      transport,
      state,
      connections: traffic?.connections ?? 0,
      problem,
    }),
  };
}

function unreachable({ name }: Peer): XmError {
  return new XmError('EHOSTUNREACH', `Domain '${name}' has gone`);
}
