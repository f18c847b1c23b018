// SPDX-License-Identifier: Apache-2.0
import { arch, cpus, hostname, release, type as systemName, totalmem, version } from 'node:os';
import { type FrameUsage, PAGE_SIZE } from '../hv/contract.ts';

/**
 * `xm info`: the fields of spec/xend.md 4.3 that have a meaning here, in its order; and what sharing hidden pages saves, in pages.
 *
 * @param freeMemory MB
 */
export function nodeInfo(
  xmVersion: string,
  freeMemory: number,
  hidden: FrameUsage,
): Readonly<Record<string, string | number>> {
  const processors = cpus();
  const [major = '0', minor = '0', extra = '0'] = xmVersion.split('.');
  return {
    system: systemName(),
    host: hostname(),
    release: release(),
    version: version(),
    machine: arch(),
    nr_cpus: processors.length,
    nr_nodes: 1,
    cpu_mhz: processors[0]?.speed ?? 0,
    total_memory: Math.floor(totalmem() / 2 ** 20),
    free_memory: freeMemory,
    hidden_pages: hidden.pages,
    shared_pages: hidden.shared,
    saved_pages: hidden.saved,
    xen_major: Number(major),
    xen_minor: Number(minor),
    xen_extra: `.${extra}`,
    xen_caps: 'thread-js',
    xen_scheduler: 'os-threads',
    xen_pagesize: PAGE_SIZE,
    node_version: process.version,
    v8_version: process.versions.v8,
    xend_config_format: 4,
  };
}
