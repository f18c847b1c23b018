// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Check, Finding } from './contract.ts';

const MB = 2 ** 20;
/** A domain has up to two sockets and a thread its pipes; 100 domains fit into this. */
const FEW_FILES = 1024;
/** Share of its open files that xend may have used. */
const MOST_FILES = 0.8;
const LITTLE_MEMORY = 256 * MB;
/** Room for logs, records and saved domains. */
const LITTLE_DISK = 64 * MB;

const ok = (text: string): Omit<Finding, 'check'> => ({ grade: 'ok', text });
const problem = (text: string, hint: string): Omit<Finding, 'check'> => ({ grade: 'problem', text, hint });
const megabytes = (bytes: number): string => `${Math.floor(bytes / MB)} MB`;

/** What the machine and its limits are like. */
export const MACHINE_CHECKS: readonly Check[] = [
  {
    name: 'node',
    look: async () => [ok(`${process.version}, ${process.execPath}`)],
  },
  {
    name: 'memory',
    async look() {
      const free = process.availableMemory();
      const text = `${megabytes(free)} are free`;
      return [free < LITTLE_MEMORY ? problem(text, 'a domain takes some MB beside its own memory') : ok(text)];
    },
  },
  {
    name: 'files',
    async look({ pid }) {
      const limit = fileLimit(pid);
      if (limit === undefined) return [];
      const used = pid === undefined ? 0 : openFiles(pid);
      const text = `${pid === undefined ? '' : `xend has ${used} open, and `}may open ${limit}`;
      if (used > limit * MOST_FILES) return [problem(text, `'ulimit -n' before 'xm xend restart' sets another limit`)];
      return [limit < FEW_FILES ? problem(text, `'ulimit -n ${FEW_FILES}' allows more`) : ok(text)];
    },
  },
  {
    name: 'disk',
    async look({ paths }) {
      const { blocks, bavail, bsize, ffree, files } = await statfs(nearest(paths.stateDir));
      // That it holds no files at all is for the check of directories.
      if (blocks === 0) return [];
      const free = bavail * bsize;
      const text = `${megabytes(free)} are free for ${paths.stateDir}`;
      if (free < LITTLE_DISK) return [problem(text, 'logs and records of domains are written there')];
      // Some file systems do not count their files.
      return [files > 0 && ffree === 0 ? problem('there is no room for another file', 'remove some') : ok(text)];
    },
  },
];

/** The directory itself, or what is there of the way to it. */
export function nearest(directory: string): string {
  return existsSync(directory) || dirname(directory) === directory ? directory : nearest(dirname(directory));
}

/** Most files that a process may open, this one unless said; undefined where that is not told. */
function fileLimit(pid: number | undefined): number | undefined {
  try {
    const [, soft] = /^Max open files +(\S+)/m.exec(readFileSync(`/proc/${pid ?? 'self'}/limits`, 'utf8')) ?? [];
    return soft === undefined ? undefined : soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}

function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
