// SPDX-License-Identifier: Apache-2.0

/** Where the link to a peer stands: no end of it here; an end that meets the peer's; connected; an end that goes. */
export type LinkState = 'down' | 'meeting' | 'up' | 'leaving';

/** What moves it. */
export type LinkEvent =
  /** Somebody here wants a connection, or the peer's end has come. */
  | 'wanted'
  /** There has been neither, nor a connection, for a while; or the peer is none any more. */
  | 'unwanted'
  | 'connected'
  /** Disconnected, by whomever. */
  | 'lost'
  /** Nothing of the end is left. */
  | 'gone';

/** What is done on the way. */
export type LinkStep = 'open' | 'leave';

interface Move {
  readonly to: LinkState;
  readonly step?: LinkStep;
}

/** The life of a link (spec/idc.md 1.3, 95). Events without a move change nothing. */
export const LINK: Readonly<Record<LinkState, Readonly<Partial<Record<LinkEvent, Move>>>>> = {
  down: { wanted: { to: 'meeting', step: 'open' } },
  meeting: { connected: { to: 'up' }, unwanted: { to: 'leaving', step: 'leave' } },
  up: { lost: { to: 'meeting' }, unwanted: { to: 'leaving', step: 'leave' } },
  // Who wants one now waits until this one is gone: there is one link at a time.
  leaving: { gone: { to: 'down' } },
};
