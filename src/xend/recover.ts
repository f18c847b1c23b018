// SPDX-License-Identifier: Apache-2.0
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from './log.ts';
import type { RunPaths } from './paths.ts';
import type { StateFiles } from './state-files.ts';

/**
 * Cleans up after a supervisor that was killed: its domains ended with it, their records and sockets did not.
 *
 * @returns what was found, a sentence for each thing
 */
export function recover({ runDir }: RunPaths, stateFiles: StateFiles, log: Log): string[] {
  const found: string[] = [];
  for (const { uuid, text } of stateFiles.list()) {
    const name = /^\s*\(name (.+)\)$/m.exec(String(text))?.[1] ?? uuid;
    found.push(`domain ${name} was lost when the last xend ended without stopping`);
    stateFiles.remove(uuid);
  }
  for (const file of readdirSync(runDir)) {
    if (!/^(?:console|vchan|vsock|vsock-node)-\d+\.(?:sock(?:\.\d+)?|rpc)$/.test(file)) continue;
    rmSync(join(runDir, file), { force: true });
    found.push(`removed the leftover socket ${file}`);
  }
  for (const sentence of found) log.write('WARNING', sentence);
  return found;
}
