// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import type { Endpoint, EndpointHandlers } from './contract.ts';
import { isEnd } from './rendezvous-loans.ts';
import { type Level, levelOf, newEnd } from './rendezvous-machine.ts';
import type { EndStore } from './rendezvous-store.ts';

/** An end that has come to an address where somebody listens. */
export interface Guest {
  /** Where it lives. */
  readonly domid: DomId;
  /**
   * Makes the endpoint for it, once; a guest that is not accepted waits. The endpoint is destroyed by itself when the guest
   * goes, if it was not before.
   */
  accept(handlers?: EndpointHandlers): Endpoint;
}

/** An endpoint made for a guest. */
export interface Hosted {
  readonly endpoint: Endpoint;
  /** Destroys it, if nobody has. Resolves when it is gone. */
  end(): Promise<void>;
}

/** What a listener works with. */
export interface ListenContext {
  readonly domid: DomId;
  readonly name: string;
  readonly store: EndStore;
  /** Rejects when nothing will tell of guests. */
  readonly watching: Promise<void>;
  /** Guests of one domain at a time; the others wait for these to go. */
  readonly perDomain: number;
  readonly onGuest: (guest: Guest) => void;
  readonly onProblem: (reason: string) => void;
  /** Makes an end for the end of this name. */
  open(guest: string, handlers: EndpointHandlers): Hosted;
}

/** A listener at its address. */
export interface Listening {
  /** Something may have changed: looks who is there. */
  wake(): void;
  /** Stops, and destroys the endpoints of all guests. Resolves when nothing is left. */
  close(): Promise<void>;
}

/**
 * Greets everybody who comes to an address. It publishes a node that says so, which keeps guests from meeting each other, and
 * has an end made for each of them, which meets that one alone.
 */
export function createListening(context: ListenContext): Listening {
  const { domid, name, store, perDomain } = context;
  /** By name: who was greeted and has not gone. */
  const guests = new Map<string, { readonly domid: DomId; readonly leave: () => Promise<void> }>();
  let published = false;
  let closing = false;
  let news = false;
  let running: Promise<void> | undefined;

  function greet({ name: guest, domid: home }: Level): void {
    let hosted: Hosted | undefined;
    let gone = false;
    guests.set(guest, {
      domid: home,
      async leave() {
        gone = true;
        await hosted?.end();
      },
    });
    context.onGuest({
      domid: home,
      accept(handlers = {}) {
        if (hosted !== undefined) throw new Error('a guest is accepted once');
        hosted = context.open(guest, handlers);
        if (gone) void hosted.end();
        return hosted.endpoint;
      },
    });
  }

  async function turn(): Promise<void> {
    if (!published) {
      await context.watching;
      await store.publish({ ...levelOf(newEnd(domid, name)), ticket: 0, misfit: '', offer: undefined, guest: '' });
      published = true;
    }
    const there = (await store.others()).filter(({ guest }) => guest === undefined);
    for (const [guest, { leave }] of guests) {
      if (there.some((level) => level.name === guest)) continue;
      guests.delete(guest);
      void leave();
    }
    for (const level of there.toSorted((a, b) => a.ticket - b.ticket)) {
      const neighbours = [...guests.values()].filter((guest) => guest.domid === level.domid).length;
      if (!closing && !guests.has(level.name) && neighbours < perDomain) greet(level);
    }
  }

  async function run(): Promise<void> {
    while (news && !closing) {
      news = false;
      try {
        await turn();
      } catch (error) {
        if (isEnd(error)) return;
        context.onProblem(messageOf(error));
      }
    }
    running = undefined;
  }

  return {
    wake() {
      news = true;
      running ??= run();
    },
    async close() {
      closing = true;
      await running;
      await Promise.all([...guests.values()].map(({ leave }) => leave()));
      try {
        if (published) await store.retract();
      } catch (error) {
        if (!isEnd(error)) throw error;
      }
    },
  };
}
