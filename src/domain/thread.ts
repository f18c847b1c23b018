// SPDX-License-Identifier: Apache-2.0
import { workerData } from 'node:worker_threads';
import { bootDomain } from './boot.ts';
import { blameEnd, guardExit } from './class-guard.ts';
import type { Kernel } from './contract.ts';
import { importKernel } from './kernel-module.ts';
import type { KernelImage, ThreadData } from './launch.ts';
import { checkSandbox, enterSandbox } from './sandbox.ts';

// The entry of a domain's own thread. A rejection here is the domain's crash.
const { domain, doors, kernel, readable } = workerData as ThreadData;

async function loadKernel({ url, source }: KernelImage): Promise<Kernel> {
  if (readable !== undefined) {
    enterSandbox({ sourceOf: (asked) => (asked === url ? source : undefined) });
    const open = checkSandbox(readable);
    if (open.length > 0) throw new Error(`this Node does not confine a thread: ${open.join(', ')}`);
  }
  return importKernel(url);
}

// What a device class of a user's own throws is its alone; anything else is the domain's crash, as ever.
process.on('uncaughtException', (error) => {
  if (!blameEnd(error)) throw error;
});
guardExit();
await bootDomain(domain, doors, { loadKernel: kernel && (() => loadKernel(kernel)) }).ended;
if (kernel !== undefined) process.exit(0);
