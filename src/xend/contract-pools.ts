// SPDX-License-Identifier: Apache-2.0
import type { ConfigText, DomainArg } from './contract-domains.ts';

/** One virtual processor as `xm vcpu-list` shows it. */
export interface VcpuInfo {
  readonly domid: number;
  readonly name: string;
  readonly vcpu: number;
  readonly online: boolean;
  /** Processor on which it ran last; -1 if it is offline or nobody knows. */
  readonly cpu: number;
  readonly running: boolean;
  readonly blocked: boolean;
  /** Seconds. */
  readonly cpuTime: number;
  /** Processors on which it may run. */
  readonly affinity: readonly number[];
}

/** A pool of threads as `xm cpupool-list` shows it. */
export interface PoolInfo {
  readonly name: string;
  /** `threads` of the operating system, or `loop`: the domains of a thread take turns in its event loop. */
  readonly sched: string;
  readonly active: boolean;
  /** It outlives xend. */
  readonly kept: boolean;
  /** How many threads it has. */
  readonly count: number;
  /** Their numbers; none where each domain has its own. */
  readonly threads: readonly number[];
  readonly domains: readonly string[];
}

/** A pool of threads by its name. */
export interface PoolArg {
  readonly pool: string;
}

/** Processors of domains, and the pools of threads that domains live in. */
export interface PoolApi {
  /** The virtual processors of domains, as `domain.list` lists these, and the processors that there are. */
  'vcpu.list': {
    params: { readonly names?: readonly string[] };
    result: { readonly vcpus: readonly VcpuInfo[]; readonly cpus: readonly number[] };
  };
  /** Binds a domain's thread to processors. Without `vcpu` all of its virtual ones are meant, without `cpus` all that there are. */
  'vcpu.pin': { params: DomainArg & { readonly vcpu?: number; readonly cpus?: readonly number[] }; result: null };
  /** Sets how many are online: one, since a domain is one thread. */
  'vcpu.set': { params: DomainArg & { readonly count: number }; result: null };
  /** Pools of threads: all by name, or those that are named. */
  'pool.list': { params: { readonly names?: readonly string[] }; result: readonly PoolInfo[] };
  /** Makes a pool: one that is active until it is destroyed, or, `kept`, one that is to be started and outlives xend. */
  'pool.create': {
    params: Pick<ConfigText, 'text' | 'file' | 'variables'> & { readonly kept?: boolean };
    result: PoolInfo;
  };
  'pool.start': { params: PoolArg; result: PoolInfo };
  /** Ends a pool that has no domains. */
  'pool.destroy': { params: PoolArg; result: null };
  /** Forgets a kept pool that is not active. */
  'pool.delete': { params: PoolArg; result: null };
  'pool.addThread': { params: PoolArg & { readonly number: number }; result: null };
  /** The thread must not have domains. */
  'pool.removeThread': { params: PoolArg & { readonly number: number }; result: null };
  /** Has a domain live in another pool; refused while it runs, since it cannot leave its thread. */
  'pool.migrate': { params: DomainArg & PoolArg; result: null };
}
