// SPDX-License-Identifier: Apache-2.0
import type { ByteRingPlace } from '../ring/byte-ring.ts';

/** What a configuration value may be after its field's check. */
export type FieldValue = string | number | boolean;

/** The checked keys of one device, defaults filled in. */
export type DeviceConfig = Readonly<Record<string, FieldValue>>;

/**
 * One key of a device class. It drives validation of configurations and of `xm device-attach KEY=VALUE`, the dry run,
 * listings, help and completion; so `doc` is one sentence for users.
 */
export interface Field {
  readonly type: 'string' | 'integer' | 'boolean' | 'choice' | 'mac' | 'domain';
  readonly doc: string;
  readonly required?: boolean;
  /** Used when the key is absent; an absent optional key without default stays absent. */
  readonly default?: FieldValue;
  /** For `choice`. */
  readonly choices?: readonly string[];
  /** The same value may not occur in two devices of one domain. */
  readonly unique?: boolean;
  /** Words that a path may follow in a value, e.g. `file:`; the empty one for a value that is a path. */
  readonly paths?: readonly string[];
  /** Resolves relative paths inside a value, e.g. of `file:disk.img`, against the configuration's directory. */
  readonly resolve?: (value: string, directory: string) => string;
  /** Says what is wrong with a value of the right type, or undefined. */
  readonly check?: (value: FieldValue) => string | undefined;
}

/** How a device uses a resource that others may use too: readers share, a writer is alone, `w!` skips the rule. */
export interface Claim {
  /** Identity of the resource, equal however it was spelt, e.g. `dev:inode`. */
  readonly resource: string;
  readonly mode: 'r' | 'w' | 'w!';
}

/**
 * A shared ring as it is at one moment, read from outside. Indexes run freely, modulo 2^32. Of a byte ring, requests are bytes
 * that were written, and all else is how far they were read.
 */
export interface RingView {
  /** `front>back`, `back>front`, `out` or `in`. */
  readonly direction: string;
  /** Slots, or bytes of a byte ring. */
  readonly size: number;
  /** Slots (bytes) in use: requests that were published and not answered. */
  readonly used: number;
  readonly reqProd: number;
  readonly reqCons: number;
  readonly rspProd: number;
  readonly rspCons: number;
  /** How many writers wait for room now, where a byte ring tells. */
  readonly waiting?: number;
  /** Messages that were ever put into a byte ring, where it counts them. */
  readonly messages?: number;
  /** What only request rings tell. Times are milliseconds since 1970, 0 for none. */
  readonly timing?: {
    /** Requests ever that waited for a free slot. */
    readonly waits: number;
    /** Since when the request that is timed has been in flight; where all stand still, that is the oldest, or nearly so. */
    readonly waitingSince: number;
    /** When the last of those that were timed was answered. */
    readonly answeredAt: number;
    /** Answers that were timed: the first bucket for less than 1 µs, each next one for twice that, the last for all others. */
    readonly latency: readonly number[];
  };
}

/** Two rings of bytes, as the front end sees them. */
export interface ByteRings {
  readonly out: ByteRingPlace;
  readonly in: ByteRingPlace;
}

/**
 * A split device class: one object, one folder, one line in the registry. Nothing else in the project knows a class by name.
 *
 * `front` and `back` are modules whose default export is a {@link FrontFactory} or {@link BackFactory} of
 * `src/domain/contract.ts`; they are imported inside the domain that runs that end.
 */
export interface DeviceClass {
  /** As in `(device (NAME ...))`, e.g. `vbd`. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly doc: string;
  /** The `device-type` of listings, where xend's differs from the name: a vbd is a `disk` (spec/xend.md 4.3). */
  readonly deviceType?: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** Number of the device within its domain and class, e.g. 51712 for `xvda`; `undefined` lets xend choose the lowest free one. */
  readonly devid: (config: DeviceConfig) => number | undefined;
  /** Other words by which `device-detach` may name the device, e.g. `xvda`. */
  readonly names: (config: DeviceConfig) => readonly string[];
  readonly front: URL;
  readonly back: URL;
  /** Runs in xend before anything is created; may throw an `XmError` (no such file). */
  readonly claim?: (config: DeviceConfig) => Claim | undefined;
  /** Names of the 64-bit counters the back end keeps in shared memory, at most 8, e.g. `rd`, `wr`. */
  readonly counters: readonly string[];
  /**
   * Bytes of shared memory in which the back end keeps what is to outlive device and domain; xend has it as long as the domain is
   * in any list. Zeroed for the first device of a number.
   */
  readonly record?: number;
  /** Bytes that the device has moved, by those counters. */
  readonly bytes?: (counters: Float64Array) => number;
  /** Where the rings are in the first frame of a connection. Absent: the class uses IDC, whose rings describe themselves. */
  readonly byteRings?: (frame: SharedArrayBuffer) => ByteRings;
  /** Says in a few words what a request asks for, to who looks into the ring; its bytes may be any. */
  readonly describe?: (request: Uint8Array) => string;
  /** Created by xend for every domain, not by configuration (the console). */
  readonly implicit?: boolean;
  /** Whether what was written is gone when the back end closes the device: its driver is not unloaded then. */
  readonly volatile?: (config: DeviceConfig) => boolean;
  /** A class of a user's own: its modules, which domains are handed. `front` and `back` are the one that describes it. */
  readonly own?: OwnModules;
}

/** A class of a user's own as it was read: later changes of the files are another version. */
export interface OwnModules {
  /** The file that was named. */
  readonly path: string;
  /** Tells versions apart. */
  readonly version: string;
  /** Texts of the modules, types erased, by URL. */
  readonly sources: Readonly<Record<string, string>>;
}
