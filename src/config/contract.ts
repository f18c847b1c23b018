// SPDX-License-Identifier: Apache-2.0
import type { DeviceConfig } from '../devices/contract.ts';
import type { Diagnostic } from '../sxp/contract.ts';

/** What happens to a domain when it ends in some way; `rename-restart` is restart, but the one that ended stays, renamed. */
export type EndAction = 'destroy' | 'restart' | 'preserve' | 'rename-restart';

/** What happens to one that crashed: its core may be written first. */
export type CrashAction = EndAction | 'coredump-destroy' | 'coredump-restart';

/** What happens to a domain that xend keeps (`xm new`) when xend starts. */
export type XendStartAction = 'ignore' | 'start';

/** What happens to a domain that runs when xend stops. Its thread ends in any case: `ignore` and `destroy` are the same. */
export type XendStopAction = 'ignore' | 'destroy' | 'shutdown' | 'suspend';

/** `(image (js (kernel K) (args A)))`. */
export interface ImageConfig {
  /** A built-in kernel's name (`shell`, `idle`), or the absolute path of a module. */
  readonly kernel: string;
  readonly args: string;
}

/** One `(device (CLASS ...))` form, checked against its class. */
export interface DeviceEntry {
  readonly class: string;
  readonly config: DeviceConfig;
  /** Of a domain that was saved: the number that the device had. No text has it. */
  readonly devid?: number;
}

/** A `(vm ...)` form as the tool stack uses it. Every field of the text is in here or was reported. */
export interface VmConfig {
  readonly name: string;
  /** That it is to have when it is made, or empty for a new one. One that was made has it elsewhere, and nothing here. */
  readonly uuid: string;
  /** Quota in MB for heap and pages. */
  readonly memory: number;
  /** MB up to which the quota may be raised while it runs; 0 for as much as `memory`. */
  readonly maxMemory: number;
  readonly vcpus: number;
  /** Which of them are available when it starts: a bit mask, or empty. One thread is the first, and the others stay offline. */
  readonly vcpuAvailable: string;
  /** Processors that it runs on, e.g. `0-3,^1`; one list for all its virtual processors, or one for each, or none: any. */
  readonly cpus: readonly string[];
  /** `dedicated` for a thread of its own, or the pool whose threads it shares with others. */
  readonly pool: string;
  readonly image: ImageConfig;
  readonly onPoweroff: EndAction;
  readonly onReboot: EndAction;
  readonly onCrash: CrashAction;
  readonly onXendStart: XendStartAction;
  readonly onXendStop: XendStopAction;
  /** Classes whose back ends this domain serves: `(backend (vbd))`. */
  readonly backends: readonly string[];
  /** Modules of device classes of the user's own, absolute: `(device-class PATH)`. */
  readonly classPaths: readonly string[];
  /** Addresses at which the domain may meet others: `(idc ADDRESS)`. */
  readonly addresses: readonly string[];
  /** Groups within which it may talk over virtual sockets, and what carries them: `(vsock GROUP)`, `(vsock GROUP argo)`. */
  readonly vsock: Readonly<Record<string, 'ring' | 'argo'>>;
  readonly devices: readonly DeviceEntry[];
}

/** `configs`, one or more, are there unless a diagnostic is an error. */
export interface ConfigResult {
  readonly configs: readonly VmConfig[] | undefined;
  readonly diagnostics: readonly Diagnostic[];
}
