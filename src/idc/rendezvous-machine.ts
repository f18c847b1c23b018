// SPDX-License-Identifier: Apache-2.0

/** Where the peer finds what carries a connection. */
export interface Offer {
  /** Of the control area; undefined over Argo, where there is no memory to map. */
  readonly gref: number | undefined;
  /** Event channel, or Argo's port. */
  readonly port: number;
}

/**
 * What an end publishes: a level, never an edge. Whoever looks sees only the latest one, however many there were, and that
 * is enough (spec/idc.md 1.5).
 */
export interface Level {
  /** The domain in whose node it was found. */
  readonly domid: number;
  /** Of the end; no other end of any domain ever has the same one. */
  readonly name: string;
  /** Place in the queue of those who came to the address. */
  readonly ticket: number;
  /** Counts what this end has been through; a connection belongs to one incarnation of each end. */
  readonly incarnation: number;
  /** Its user has not let go of the last connection. */
  readonly closing: boolean;
  /** The peer's incarnation that this one has accepted, as {@link idOf} writes it; empty before. An incarnation accepts once. */
  readonly echo: string;
  /** In words for people, what it wants else than the end that reads it; empty when they agree. */
  readonly misfit: string;
  /** Of the granter, with `echo`: memory that only these two incarnations ever use. */
  readonly offer: Offer | undefined;
  /**
   * Name of the end for which a listener made this one; empty at the listener's own node, which meets nobody; undefined for
   * an end that meets whoever comes.
   */
  readonly guest: string | undefined;
}

/** How far an end is: nobody there, peer discovered, memory offered to it (the granter only), connected. */
export type Phase = 'alone' | 'met' | 'offered' | 'connected';

/** What an end knows of itself. */
export interface Own {
  readonly domid: number;
  readonly name: string;
  readonly incarnation: number;
  readonly phase: Phase;
  readonly closing: boolean;
  /** Name of the end it has met. */
  readonly peer: string;
  /** Whether this end gives the memory and the event channel. */
  readonly granter: boolean;
  readonly accepted: string;
  /** The peer's incarnation with which it did not work, and how many there were without a success between. */
  readonly refused: string;
  readonly refusals: number;
}

/** What else decides. */
export interface Circumstances {
  /** The user has destroyed the endpoint. */
  readonly leaving: boolean;
  /** The peer broke the channel's protocol. */
  readonly broken: boolean;
  /** The peer still maps memory of an earlier connection. */
  readonly holding: boolean;
}

/** Attempts at a connection that fail one after another before an end waits for another peer. */
export const MAX_REFUSALS = 8;

/** The smallest things an end does; between any two of them anything may happen elsewhere. */
export type Step =
  | 'appear'
  | 'disappear'
  | 'lend'
  | 'map'
  | 'publish'
  | 'connect'
  | 'disconnect'
  | 'release'
  | 'quiesce'
  | 'renew'
  | 'retract';

/** What an end does next. */
export type Plan = 'meet' | 'part' | 'offer' | 'accept' | 'join' | 'retry' | 'cycle' | 'leave';

/** The steps of each plan. A `lend` or `map` that fails ends its plan, with {@link refuse}. */
export const PLANS: Readonly<Record<Plan, readonly Step[]>> = {
  meet: ['appear'],
  part: ['disappear'],
  offer: ['lend', 'publish'],
  // The memory is mapped before the echo says so: whoever sees the echo may use it.
  accept: ['map', 'publish', 'connect'],
  join: ['connect'],
  retry: ['renew', 'publish'],
  // Memory goes first, whatever the peer or the user do. The first `publish` lets the peer have its own back, which must not
  // wait for our user; the second one says that the user let go too.
  cycle: ['disconnect', 'release', 'publish', 'quiesce', 'renew', 'publish'],
  leave: ['release', 'retract'],
};

/** The peer's level as this end has to see it. */
export type View = 'none' | 'other' | 'unready' | 'stale' | 'refused' | 'silent' | 'agreed';

type Row = Readonly<Record<View, Plan | undefined>>;

const rest = undefined;

/** What to do in each phase about each view. `met` has a row for each role. */
const TABLE: Readonly<Record<'alone' | 'granter' | 'mapper' | 'offered' | 'connected', Row>> = {
  alone: row('meet', { none: rest }),
  granter: row(rest, { none: 'part', other: 'part', refused: 'offer', silent: 'offer', agreed: 'offer' }),
  mapper: row(rest, { none: 'part', other: 'part', refused: 'retry', agreed: 'accept' }),
  offered: row('cycle', { silent: rest, agreed: 'join' }),
  connected: row('cycle', { agreed: rest }),
};

function row(usually: Plan | undefined, except: Partial<Row>): Row {
  const all = { none: usually, other: usually, unready: usually, stale: usually, refused: usually };
  return { ...all, silent: usually, agreed: usually, ...except };
}

/** The text by which the other end echoes an incarnation. */
export function idOf({ name, incarnation }: { readonly name: string; readonly incarnation: number }): string {
  return `${name}.${incarnation}`;
}

/** An end that has just been made. */
export function newEnd(domid: number, name: string): Own {
  return {
    domid,
    name,
    incarnation: 1,
    phase: 'alone',
    closing: false,
    peer: '',
    granter: false,
    accepted: '',
    refused: '',
    refusals: 0,
  };
}

/**
 * The end that this one has to do with: the first two that came to the address are a pair, everybody else waits until one
 * of them goes. All ends find the same pair, as they all see the same tickets; ends that came at the same moment are told
 * apart by domain, then by name.
 *
 * Where somebody listens, an end has to do with the one that was made for it alone; the first of them, if several listen.
 */
export function peerOf(own: Level, others: readonly Level[]): Level | undefined {
  if (own.guest !== undefined) return others.find(({ name, guest }) => name === own.guest && guest === undefined);
  const hosts = others.filter(({ guest }) => guest !== undefined);
  if (hosts.length > 0) return hosts.filter(({ guest }) => guest === own.name).sort(byArrival)[0];
  const [first, second] = [own, ...others].sort(byArrival);
  return first === own ? second : second === own ? first : undefined;
}

function byArrival(a: Level, b: Level): number {
  return a.ticket - b.ticket || a.domid - b.domid || (a.name < b.name ? -1 : 1);
}

/**
 * What an end does next, given the peer's latest level: a pure function, called after anything may have happened.
 *
 * @returns undefined when there is nothing to do until something changes
 */
export function decide(own: Own, peer: Level | undefined, circumstances: Circumstances): Plan | undefined {
  if (circumstances.leaving) return 'leave';
  if (circumstances.broken && own.phase === 'connected') return 'cycle';
  const { phase, granter } = own;
  return TABLE[phase !== 'met' ? phase : granter ? 'granter' : 'mapper'][viewOf(own, peer, circumstances)];
}

export function viewOf(own: Own, peer: Level | undefined, { holding }: Pick<Circumstances, 'holding'>): View {
  if (peer === undefined) return 'none';
  if (peer.name !== own.peer) return 'other';
  // Who does not let go of one connection's memory gets no other.
  if (peer.closing || peer.misfit !== '' || (holding && own.phase === 'met')) return 'unready';
  if (own.accepted !== '' && own.accepted !== idOf(peer)) return 'stale';
  if (own.phase === 'met' && own.refused === idOf(peer)) return own.refusals < MAX_REFUSALS ? 'refused' : 'unready';
  return peer.echo === idOf(own) && (own.granter || peer.offer !== undefined) ? 'agreed' : 'silent';
}

/** What an end is after a step, with the peer's level on which the plan was decided. */
export function after(step: Step, own: Own, peer: Level | undefined): Own {
  return AFTER[step]?.(own, peer!) ?? own;
}

const AFTER: Readonly<Partial<Record<Step, (own: Own, peer: Level) => Own>>> = {
  appear: (own, peer) => ({
    ...own,
    phase: 'met',
    peer: peer.name,
    granter: grants(own, peer),
    refused: '',
    refusals: 0,
  }),
  disappear: (own) => ({ ...own, phase: 'alone', peer: '' }),
  lend: (own, peer) => ({ ...own, phase: 'offered', accepted: idOf(peer) }),
  map: (own, peer) => ({ ...own, accepted: idOf(peer) }),
  connect: (own) => ({ ...own, phase: 'connected', refused: '', refusals: 0 }),
  disconnect: (own) => ({ ...own, closing: true }),
  renew: (own) => ({
    ...own,
    phase: 'met',
    incarnation: own.incarnation + 1,
    closing: false,
    accepted: '',
    refused: '',
  }),
};

/** What an end is after `lend` or `map` failed. */
export function refuse(own: Own, peer: Level): Own {
  return { ...own, refused: idOf(peer), refusals: own.refusals + 1 };
}

/** The lower domain gives the memory; within a domain the lower name. */
function grants(own: Own, peer: Level): boolean {
  return own.domid === peer.domid ? own.name < peer.name : own.domid < peer.domid;
}

/** The part of an end's level that follows from what it knows of itself. */
export function levelOf(own: Own): Pick<Level, 'domid' | 'name' | 'incarnation' | 'closing' | 'echo'> {
  const { domid, name, incarnation, closing, accepted } = own;
  return { domid, name, incarnation, closing, echo: accepted };
}
