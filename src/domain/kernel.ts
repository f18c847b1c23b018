// SPDX-License-Identifier: Apache-2.0
import type { Kernel } from './contract.ts';

/**
 * Gives a kernel module its types: `export default defineKernel(async (dom) => { ... })`, where `dom` is a
 * {@link Kernel}'s `Domain` without saying so. It does nothing else, so a module may as well export a plain function.
 *
 * @param kernel what the domain runs: returning ends the domain (`poweroff`, or the reason it returns), throwing is a crash
 * @returns the same function
 */
export function defineKernel(kernel: Kernel): Kernel {
  return kernel;
}
