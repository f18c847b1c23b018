// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

/** The unix socket on which a domain's console is served. */
export function consoleSocket(runDir: string, domid: number): string {
  return join(runDir, `console-${domid}.sock`);
}
