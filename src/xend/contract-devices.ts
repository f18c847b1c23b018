// SPDX-License-Identifier: Apache-2.0
import type { Field } from '../devices/contract.ts';
import type { DomainArg } from './contract-domains.ts';

/** One device as `xm device-list` shows it, from xend's own record (never from keys a guest can write). */
export interface DeviceInfo {
  readonly class: string;
  readonly domid: number;
  readonly devid: number;
  /** A word for people, e.g. `xvda`; else the number. */
  readonly name: string;
  readonly backendId: number;
  readonly handle: number;
  /** xenbus state number of the front end as xend knows it: 1 initialising ... 4 connected, 5 closing, 6 closed. */
  readonly state: number;
  /** -1 while not connected. */
  readonly evtchn: number;
  /** -1 while not connected. */
  readonly ringRef: number;
  /** What it waits for, while it has no back end. */
  readonly waits?: {
    /** Name of the domain that is to serve it. */
    readonly domain: string;
    /** The domain is gone, and the next one of its name serves it; else it has its driver unloaded. */
    readonly gone: boolean;
    /** Milliseconds so far. */
    readonly age: number;
  };
  readonly frontPath: string;
  readonly backPath: string;
  readonly config: Readonly<Record<string, string | number | boolean>>;
}

/** The driver of a class in a domain, for the devices that it has or for those that it serves. */
export interface DriverArg extends DomainArg {
  readonly class: string;
  readonly end: 'front' | 'back';
}

/** Devices, their classes and drivers. */
export interface DeviceApi {
  /** Hot add: returns when connected. `config` values are as typed; `directory` resolves relative paths. */
  'device.attach': {
    params: DomainArg & {
      readonly class: string;
      /** Of the module of a class of the user's own, absolute; it is read anew. Later the class is known by its name. */
      readonly path?: string;
      readonly config: Readonly<Record<string, string>>;
      readonly directory: string;
    };
    result: DeviceInfo;
  };
  /** Hot remove, by number or name; returns when both ends let go. `force` does not wait for the front end. */
  'device.detach': {
    params: DomainArg & { readonly class: string; readonly device: string; readonly force?: boolean };
    /** `warning`: an end that did not let go as it should, with its domain and the phase; the device is gone all the same. */
    result: { readonly warning?: string };
  };
  /**
   * Has another domain serve a device, by number or name; returns when it is connected there, or, if its domain has no driver for
   * it now, could be. With `force` a back end that does not answer is not waited for.
   */
  'device.move': {
    params: DomainArg & {
      readonly class: string;
      readonly device: string;
      readonly backend: string;
      readonly force?: boolean;
    };
    result: DeviceInfo;
  };
  /** Unloads one end of a class in a domain; returns when what was outstanding is done. Its devices wait. */
  'driver.unload': { params: DriverArg; result: null };
  /** Loads it again, a class of a user's own as its file is now; returns when its devices are connected. */
  'driver.load': { params: DriverArg; result: null };
  /** Of one class, or of all. */
  'device.list': {
    params: DomainArg & { readonly class?: string };
    result: { readonly devices: readonly DeviceInfo[]; readonly sxp: string };
  };
  /** All known classes with their fields, for help and completion, or one, or that which a module of the user's own holds. */
  'device.classes': {
    params: { readonly class?: string; readonly path?: string };
    result: readonly {
      readonly name: string;
      readonly aliases: readonly string[];
      readonly doc: string;
      /** Of the module of a class of a user's own. */
      readonly path?: string;
      readonly fields: readonly {
        readonly name: string;
        readonly doc: string;
        readonly required: boolean;
        readonly default?: string | number | boolean;
        readonly type: Field['type'];
        readonly choices?: readonly string[];
        /** Words that a path may follow in it. */
        readonly paths?: readonly string[];
      }[];
    }[];
  };
}
