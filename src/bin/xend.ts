// SPDX-License-Identifier: Apache-2.0
import { closeSync, writeSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

/** The descriptor on which whoever starts xend hears how it went; not set when a person starts it. */
const REPORT_FD = Number(process.env.XEND_REPORT_FD ?? -1);

enableCompileCache();
// The log names source lines; modules loaded before this would not be mapped.
process.setSourceMapsEnabled(true);
const { runDaemon } = await import('../xend/daemon.ts');

function report(line: string): void {
  if (REPORT_FD < 0) return;
  writeSync(REPORT_FD, `${line}\n`);
  closeSync(REPORT_FD);
}

process.exit(await runDaemon(report));
