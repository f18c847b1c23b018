// SPDX-License-Identifier: Apache-2.0
import type {
  ChannelInfo,
  DomainGrant,
  IdcEndpointInfo,
  RingMessage,
  RingName,
  Stall,
  Stats,
  XendApi,
} from '../xend/contract.ts';
import type { LogRecord } from '../xend/log-line.ts';

/** What a page may want beside the sample. */
export interface Wishes {
  readonly channels?: boolean;
  readonly endpoints?: boolean;
  readonly grants?: boolean;
  readonly store?: boolean;
  readonly log?: boolean;
  /** The last log records that name one of these domains. */
  readonly about?: readonly string[];
  /** The last messages of these rings. */
  readonly messages?: readonly RingName[];
  /** What happened to endpoints at this address. */
  readonly address?: string;
}

/** A ring and what was in it last. */
export interface RingMessages {
  readonly ring: RingName;
  /** Oldest first. */
  readonly messages: readonly RingMessage[];
}

/** One node of the store. */
export interface StoreNode {
  readonly path: string;
  readonly value: string;
  /** Milliseconds since 1970 at which it was last seen to change; 0 before. */
  readonly changed: number;
}

/** A log record and its place among those that were seen. */
export interface NumberedRecord extends LogRecord {
  readonly number: number;
}

/** What one round has read; beside the first two, only what was wanted is there. */
export interface Reading {
  readonly stats: Stats;
  /** What should move and does not, as xend judges. */
  readonly stalls?: readonly Stall[];
  readonly channels?: readonly ChannelInfo[];
  readonly endpoints?: readonly IdcEndpointInfo[];
  readonly grants?: readonly DomainGrant[];
  readonly store?: readonly StoreNode[];
  readonly log?: readonly NumberedRecord[];
  readonly about?: readonly LogRecord[];
  readonly messages?: readonly RingMessages[];
  readonly events?: XendApi['events.read']['result']['events'];
}

/** Where rounds come from: xend, and its store. */
export interface Source {
  /** @throws XmError when xend cannot be asked */
  read(wishes: Wishes): Promise<Reading>;
  close(): void;
}
