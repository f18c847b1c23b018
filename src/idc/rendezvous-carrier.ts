// SPDX-License-Identifier: Apache-2.0
import type { Channel, Quotas } from './contract.ts';
import type { Offer } from './rendezvous-machine.ts';

/** What one end holds of a connection. @typeParam C what users of the connection get: a {@link Channel} below an endpoint */
export interface Holding<C = Channel> {
  /** For the peer; the granter's only. */
  readonly offer: Offer | undefined;
  /** Makes the channel; once, when the peer holds its part too. */
  channel(): C | Promise<C>;
  /** Gives back everything, once. Waits for nobody. */
  release(): Promise<void>;
}

/** With whom, and for which two incarnations (`granter mapper`). */
export interface Terms {
  readonly domid: number;
  readonly quotas: Quotas;
  readonly tag: string;
}

/** How two ends that have met get what carries their connection. Each call leaves nothing behind when it rejects. */
export interface Carrier<C = Channel> {
  /** The granter's part: something fresh, that no other connection has. */
  lend(terms: Terms): Promise<Holding<C>>;
  /** The mapper's part. */
  map(terms: Terms, offer: Offer): Promise<Holding<C>>;
}
