// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';

/** Whether a process still runs. A zombie does not: whoever started it has not asked how it ended, and may never. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    // The state follows the program's name, which stands in parentheses and may hold some itself.
    const ended = /^.*\) Z /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    // The first thread may have ended before the others, which hold the process's sockets and files until they have too.
    return !ended || readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return true;
  }
}
