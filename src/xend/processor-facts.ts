// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseCpus } from '../cpus.ts';

/** What `xm info` says of the processors, in its words; empty where the operating system does not say. */
export interface ProcessorFacts {
  readonly nr_cpus: number;
  readonly nr_nodes: number;
  readonly cores_per_socket: number | '';
  readonly threads_per_core: number | '';
  readonly cpu_mhz: number | '';
  /** As Linux hands it to programs; on x86 the first word is that of CPUID, as Xen has it. */
  readonly hw_caps: string;
}

/** Entries of `/proc/self/auxv`: pairs of 64 bits, what it is and its value (`getauxval(3)`). */
const AT_HWCAP = 16n;
const AT_HWCAP2 = 26n;

/** Asks the operating system. */
export function processorFacts(): ProcessorFacts {
  const all = cpus();
  const field = fieldsOf(readSystem('/proc/cpuinfo').toString());
  const cores = field('cpu cores');
  const siblings = field('siblings');
  return {
    nr_cpus: all.length,
    nr_nodes: parseCpus(readSystem('/sys/devices/system/node/online').toString())?.length ?? 1,
    cores_per_socket: cores ?? '',
    threads_per_core: cores && siblings ? Math.round(siblings / cores) : '',
    cpu_mhz: Math.round(field('cpu MHz') ?? 0) || all[0]?.speed || '',
    hw_caps: capabilities(readSystem('/proc/self/auxv')),
  };
}

/** Where there is no such file nothing is said. */
function readSystem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

/** The numbers in `/proc/cpuinfo` about the first processor. */
function fieldsOf(text: string): (name: string) => number | undefined {
  const values = new Map<string, number>();
  for (const [, name = '', value] of text.matchAll(/^([^\t:]+?)\s*: ([\d.]+)$/gm)) {
    if (!values.has(name)) values.set(name, Number(value));
  }
  return (name) => values.get(name);
}

/** @param vector as the kernel wrote it, little-endian on all machines that Node runs on but s390x */
function capabilities(vector: Buffer): string {
  const found = new Map<bigint, bigint>();
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    found.set(vector.readBigUInt64LE(at), vector.readBigUInt64LE(at + 8));
  }
  const words = [AT_HWCAP, AT_HWCAP2].map((kind) => found.get(kind)).filter((word) => word !== undefined);
  return words.map((word) => word.toString(16).padStart(8, '0')).join(':');
}
