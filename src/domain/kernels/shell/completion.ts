// SPDX-License-Identifier: Apache-2.0
import type { Complete } from './editor.ts';

/**
 * Completes the first word of a command to a command, and other words to the names of devices, with `/dev/` before them if
 * the word begins with `/`.
 *
 * @param commands names of all commands
 * @param devices gives the names of the devices there are at the moment
 */
export function createCompletion(commands: readonly string[], devices: () => readonly string[]): Complete {
  return (before) => {
    const typed = /[^\s;]*$/.exec(before)![0];
    const first = /(?:^|;)\s*$/.test(before.slice(0, before.length - typed.length));
    const folder = typed.startsWith('/') ? '/dev/' : '';
    const words = first ? commands : devices().map((name) => folder + name);
    return { candidates: words.filter((word) => word.startsWith(typed)), typed };
  };
}
