// SPDX-License-Identifier: Apache-2.0
import { hostname, machine, release, type as systemName, totalmem, version } from 'node:os';
import { type FrameUsage, PAGE_SIZE } from '../hv/contract.ts';
import { processorFacts } from './processor-facts.ts';

/**
 * `xm info`: the fields of spec/xend.md 4.3 in its order, empty where there is nothing of the kind here; then what only this xend
 * has: hidden pages and what sharing them saves, in pages, and versions.
 *
 * @param freeMemory MB
 */
export function nodeInfo(
  xmVersion: string,
  freeMemory: number,
  hidden: FrameUsage,
): Readonly<Record<string, string | number>> {
  const [major = '0', minor = '0', extra = '0'] = xmVersion.split('.');
  return {
    system: systemName(),
    host: hostname(),
    release: release(),
    version: version(),
    machine: machine(),
    ...processorFacts(),
    // The hardware helps no domain.
    virt_caps: '',
    total_memory: Math.floor(totalmem() / 2 ** 20),
    free_memory: freeMemory,
    // A pool has threads; all processors are for all of them.
    free_cpus: 0,
    xen_major: Number(major),
    xen_minor: Number(minor),
    xen_extra: `.${extra}`,
    xen_caps: 'thread-js',
    xen_scheduler: 'os-threads',
    xen_pagesize: PAGE_SIZE,
    // There is no hypervisor that has an address, a boot line, or was built.
    platform_params: '',
    xen_changeset: '',
    xen_commandline: '',
    // What runs is compiled when it is loaded.
    cc_compiler: `V8 ${process.versions.v8}`,
    cc_compile_by: '',
    cc_compile_domain: '',
    cc_compile_date: '',
    xend_config_format: 4,
    hidden_pages: hidden.pages,
    shared_pages: hidden.shared,
    saved_pages: hidden.saved,
    node_version: process.version,
    v8_version: process.versions.v8,
  };
}
