// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../errors.ts';
import type { Channel } from './contract.ts';
import type { EndpointControl } from './endpoint.ts';
import type { Carrier, Holding } from './rendezvous-carrier.ts';
import { isEnd, type Loans } from './rendezvous-loans.ts';
import {
  after,
  decide,
  idOf,
  type Level,
  levelOf,
  newEnd,
  PLANS,
  peerOf,
  refuse,
  type Step,
  type View,
  viewOf,
} from './rendezvous-machine.ts';
import type { EndStore } from './rendezvous-store.ts';

/** What a session introduces: an endpoint, or another user of what a carrier makes. */
export interface Introduced<C> extends Pick<EndpointControl, 'quotas' | 'appear' | 'disconnect' | 'disappear'> {
  connect(channel: C): void;
}

/** What a session works with. */
export interface SessionContext<C = Channel> {
  readonly address: string;
  readonly name: string;
  readonly domid: number;
  readonly carrier: Carrier<C>;
  readonly store: EndStore;
  readonly loans: Loans;
  readonly endpoint: Introduced<C>;
  /** Of an end that a listener made: the one it is for. */
  readonly guest: string | undefined;
  /** Rejects when nothing will wake this session. */
  readonly watching: Promise<void>;
  /** Told, in words for people, why a connection could not be made. */
  readonly onProblem: (reason: string) => void;
}

/** How an endpoint fares at its address. */
export interface SessionStatus {
  /** The domain of the end that it has met. */
  readonly peer: number | undefined;
  /** Counts what this end has been through; the connection belongs to this one. */
  readonly incarnation: number;
  /** Why the last connection ended, in words for people; empty before. */
  readonly lastEnd: string;
}

/** Why a connection ended, by what became of the peer's level; all others mean that the peer disconnected. */
const ENDS: Readonly<Partial<Record<View, string>>> = { none: 'the peer went away', other: 'another peer came' };

/** One endpoint at its address. */
export interface Session {
  /** Something may have changed: looks at the levels again. May be called at any time, for no reason too. */
  wake(): void;
  /**
   * Ends the connection, if there is one, so that another one is made.
   *
   * @param why e.g. how the peer broke the protocol
   * @returns resolves when the next connection stands, or the end is gone
   */
  cycle(why: string): Promise<void>;
  status(): SessionStatus;
  /** The endpoint is being destroyed. Resolves when its node is gone and its memory no longer in use. */
  leave(): Promise<void>;
}

/** Drives an endpoint by the table of `rendezvous-machine.ts`: looks, decides, does the steps, looks again. */
export function createSession<C>(context: SessionContext<C>): Session {
  const { address, domid, carrier, store, loans, endpoint } = context;
  const { quotas } = endpoint;
  let own = newEnd(domid, context.name);
  /** Absent until this end has published itself. */
  let ticket: number | undefined;
  let held: Holding<C> | undefined;
  /** Why this end is to disconnect by itself. */
  let broken: string | undefined;
  let nextConnection = Promise.withResolvers<void>();
  let peerDomain: number | undefined;
  let lastEnd = '';
  let leaving = false;
  let left = false;
  let news = false;
  let running = false;
  /** Name of the last peer that wants something else. */
  let unfit = '';
  /** The user's letting go of the last connection. */
  let quiet: Promise<void> = Promise.resolve();
  const departure = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();

  const steps: Readonly<Record<Step, (peer: Level) => Promise<void> | void>> = {
    appear(peer) {
      peerDomain = peer.domid;
      endpoint.appear();
    },
    disappear() {
      peerDomain = undefined;
      endpoint.disappear();
    },
    async lend(peer) {
      held = await carrier.lend({ domid: peer.domid, quotas, tag: `${idOf(own)} ${idOf(peer)}` });
    },
    async map(peer) {
      held = await carrier.map({ domid: peer.domid, quotas, tag: `${idOf(peer)} ${idOf(own)}` }, peer.offer!);
    },
    publish: () => store.publish(level(ticket!)),
    async connect() {
      broken = undefined;
      endpoint.connect(await held!.channel());
      nextConnection.resolve();
      nextConnection = Promise.withResolvers();
    },
    disconnect() {
      quiet = endpoint.disconnect();
    },
    async release() {
      const released = held;
      held = undefined;
      await released?.release();
    },
    // A successor at this address does not wait for the user of an endpoint that is destroyed.
    quiesce: () => Promise.race([quiet, departure.promise]),
    renew: () => {},
    async retract() {
      if (ticket !== undefined) await store.retract();
      left = true;
    },
  };

  function level(place: number): Level {
    return { ...levelOf(own), ticket: place, misfit: '', offer: held?.offer, guest: context.guest };
  }

  /** @returns false when the connection could not be made: the plan is over */
  async function attempt(step: Step, peer: Level | undefined): Promise<boolean> {
    try {
      await steps[step](peer!);
      own = after(step, own, peer);
      return true;
    } catch (error) {
      if (step !== 'lend' && step !== 'map') throw error;
      own = refuse(own, peer!);
      context.onProblem(messageOf(error));
      return false;
    }
  }

  /**
   * Queues up at the address, behind everybody who is there.
   *
   * @returns false when it cannot now: the address is not given, or the domain's quota of nodes is used up
   */
  async function enter(others: readonly Level[]): Promise<boolean> {
    const place = Math.min(Number.MAX_SAFE_INTEGER, 1 + Math.max(0, ...others.map((other) => other.ticket)));
    try {
      await context.watching;
      await store.publish(level(place));
    } catch (error) {
      if (isEnd(error)) throw error;
      context.onProblem(`the address ${address} cannot be used: ${messageOf(error)}`);
      return false;
    }
    ticket = place;
    return true;
  }

  /** @returns whether to look again at once */
  async function turn(): Promise<boolean> {
    await loans.sweep();
    const others = leaving ? [] : await store.others();
    if (ticket === undefined && !leaving) return enter(others);
    const peer = leaving ? undefined : peerOf(level(ticket!), others);
    if (peer !== undefined && peer.misfit !== '' && peer.name !== unfit) {
      unfit = peer.name;
      context.onProblem(`no connection with domain ${peer.domid}: ${peer.misfit}`);
    }
    const holding = peer !== undefined && loans.held(address, peer.domid);
    const plan = decide(own, peer, { leaving, broken: broken !== undefined, holding });
    if (plan === undefined) return false;
    if (own.phase === 'connected') {
      lastEnd = broken ?? ENDS[viewOf(own, peer, { holding })] ?? 'the peer disconnected';
    }
    for (const step of PLANS[plan]) {
      // A mapper that failed asks for another offer; a granter has no reason to believe that it fares better now.
      if (!(await attempt(step, peer))) return step === 'map';
    }
    return true;
  }

  async function run(): Promise<void> {
    running = true;
    try {
      while (news && !left) {
        news = false;
        if (await turn()) news = true;
      }
    } catch (error) {
      if (!isEnd(error)) throw error;
      left = true;
    } finally {
      running = false;
      if (left) gone.resolve();
    }
  }

  function wake(): void {
    news = true;
    if (!running && !left) void run();
  }

  return {
    wake,
    cycle(why) {
      broken = why;
      wake();
      return Promise.race([nextConnection.promise, gone.promise]);
    },
    status: () => ({ peer: peerDomain, incarnation: own.incarnation, lastEnd }),
    leave() {
      leaving = true;
      departure.resolve();
      wake();
      return gone.promise;
    },
  };
}
