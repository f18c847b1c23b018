// SPDX-License-Identifier: Apache-2.0
/** Whether xend runs and what it is. */
export interface XendStatus {
  readonly pid: number;
  readonly version: string;
  /** Number that changes when an old client could misunderstand. */
  readonly protocol: number;
  readonly startTime: number;
  readonly socket: string;
  /** For programs that speak xenstore's wire protocol. */
  readonly xenstoreSocket: string;
  readonly stateDir: string;
  readonly domains: number;
  /** What this xend cleaned up at its start because the one before was killed; a line for each thing. */
  readonly recovered: readonly string[];
}

/** xend itself and the machine. */
export interface HostApi {
  /** `xm info -c`: the settings of xend, by the keys of its configuration. */
  'node.config': { params: Record<string, never>; result: Readonly<Record<string, string | number>> };
  /** `xm info`: fields in the order of spec/xend.md 4.3. */
  'node.info': { params: Record<string, never>; result: Readonly<Record<string, string | number>> };
  /** The hypervisor's message ring; `clear` empties it afterwards. */
  'node.dmesg': { params: { readonly clear?: boolean }; result: { readonly text: string } };
  'xend.status': { params: Record<string, never>; result: XendStatus };
  /** Destroys all domains and ends xend; the answer comes before the process is gone. */
  'xend.stop': { params: Record<string, never>; result: XendStatus };
}
