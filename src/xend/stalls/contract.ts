// SPDX-License-Identifier: Apache-2.0
import type { DomId, EvtchnPort } from '../../hv/contract.ts';
import type { DeviceState } from '../device-table.ts';

/** How everything stands at one moment, read without asking any domain. */
export interface StallSample {
  /** Milliseconds of a clock that only goes forward, and no faster than domains can have had their turns. */
  readonly time: number;
  readonly domains: readonly DomainSample[];
  readonly threads: readonly ThreadSample[];
  readonly channels: readonly ChannelSample[];
  readonly rings: readonly RingSample[];
  readonly devices: readonly DeviceSample[];
}

export interface DomainSample {
  readonly domid: DomId;
  readonly name: string;
  /** By its user's wish; whatever it owes, it need not do now. */
  readonly paused: boolean;
  /** It is being built, for which there is a limit of its own: loading its kernel takes as long as it takes. */
  readonly building: boolean;
}

/** A thread that holds domains: one, or those of a pool that share it. */
export interface ThreadSample {
  readonly name: string;
  readonly domids: readonly DomId[];
  /** Moves when its event loop goes round. */
  readonly turns: number;
  /** One of its domains blocks it, waiting for an event: it is where it wants to be. */
  readonly waits: boolean;
}

/** An event that a domain has not taken yet. */
export interface ChannelSample {
  readonly domid: DomId;
  readonly port: EvtchnPort;
  readonly masked: boolean;
  /** Events that the port has taken. */
  readonly received: number;
}

/** A ring of a connection; the indexes are those of Xen's rings. */
export interface RingSample {
  /** The front end's domain. */
  readonly domid: DomId;
  readonly backId: DomId;
  /** Another one is another connection. */
  readonly evtchn: EvtchnPort;
  /** `idc` where kernels are the ends, who may answer when they like. */
  readonly class: string;
  readonly device: string;
  /** `front>back`, `back>front`, `out` or `in`. */
  readonly direction: string;
  readonly reqProd: number;
  readonly reqCons: number;
  readonly rspProd: number;
  readonly rspCons: number;
}

export interface DeviceSample {
  /** The front end's domain. */
  readonly domid: DomId;
  readonly backId: DomId;
  readonly class: string;
  readonly device: string;
  readonly state: DeviceState;
  /** Name of the domain that served it and is gone. */
  readonly gone: string | undefined;
  /** The control message that a domain has not answered, if one is outstanding. */
  readonly asked: { readonly domid: DomId; readonly message: string; readonly number: number } | undefined;
}

/** Something that has not moved since it was first seen like this, and who has to do the next step. */
export interface Suspect {
  /** Names it among all that a rule looks at. */
  readonly key: string;
  /** Another one when something has happened since. */
  readonly mark: string;
  /** Whose it is, and what it is to people. */
  readonly domid: DomId;
  readonly what: string;
  /** Whose turn it is, and as which end. */
  readonly owes: {
    readonly domid: DomId;
    readonly end: 'front' | 'back' | 'domain';
    /** Its name, of a domain that is gone and is waited for. */
    readonly gone?: string | undefined;
  };
  /** What that one has not done. */
  readonly text: string;
}

/** One kind of stall. */
export interface StallRule {
  readonly name: string;
  /** Milliseconds without a change from which on it is one. */
  readonly limit: number;
  /** What would be one if it stayed like this. */
  suspects(sample: StallSample): Iterable<Suspect>;
}
