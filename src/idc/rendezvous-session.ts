// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../errors.ts';
import type { Hypercalls } from '../hv/contract.ts';
import type { EndpointControl } from './endpoint.ts';
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
} from './rendezvous-machine.ts';
import { type Holding, lendConnection, mapConnection } from './rendezvous-memory.ts';
import type { EndStore } from './rendezvous-store.ts';

/** What a session works with. */
export interface SessionContext {
  readonly address: string;
  readonly name: string;
  readonly hypercalls: Hypercalls;
  readonly store: EndStore;
  readonly loans: Loans;
  readonly endpoint: EndpointControl;
  /** Rejects when nothing will wake this session. */
  readonly watching: Promise<void>;
  /** Told, in words for people, why a connection could not be made. */
  readonly onProblem: (reason: string) => void;
}

/** One endpoint at its address. */
export interface Session {
  /** Something may have changed: looks at the levels again. May be called at any time, for no reason too. */
  wake(): void;
  /** The peer broke the protocol of the channel. */
  broken(): void;
  /** The endpoint is being destroyed. Resolves when its node is gone and its memory no longer in use. */
  leave(): Promise<void>;
}

/** Drives an endpoint by the table of `rendezvous-machine.ts`: looks, decides, does the steps, looks again. */
export function createSession(context: SessionContext): Session {
  const { address, hypercalls, store, loans, endpoint } = context;
  const { quotas } = endpoint;
  let own = newEnd(hypercalls.domid, context.name);
  /** Absent until this end has published itself. */
  let ticket: number | undefined;
  let held: Holding | undefined;
  let broken = false;
  let leaving = false;
  let left = false;
  let news = false;
  let running = false;
  /** The user's letting go of the last connection. */
  let quiet: Promise<void> = Promise.resolve();
  const departure = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();

  const steps: Readonly<Record<Step, (peer: Level) => Promise<void> | void>> = {
    appear: () => endpoint.appear(),
    disappear: () => endpoint.disappear(),
    async lend(peer) {
      const { domid } = peer;
      const tag = `${idOf(own)} ${idOf(peer)}`;
      held = await lendConnection(hypercalls, { domid, quotas, tag }, (lent) =>
        loans.takeBack({ address, domid }, lent),
      );
    },
    async map(peer) {
      const tag = `${idOf(peer)} ${idOf(own)}`;
      held = await mapConnection(hypercalls, { domid: peer.domid, quotas, tag }, peer.offer!);
    },
    publish: () => store.publish(level(ticket!)),
    connect() {
      broken = false;
      endpoint.connect(held!.channel());
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

  const level = (place: number): Level => ({ ...levelOf(own), ticket: place, fits: true, offer: held?.offer });

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
    const holding = peer !== undefined && loans.held(address, peer.domid);
    const plan = decide(own, peer, { leaving, broken, holding });
    if (plan === undefined) return false;
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
    broken() {
      broken = true;
      wake();
    },
    leave() {
      leaving = true;
      departure.resolve();
      wake();
      return gone.promise;
    },
  };
}
