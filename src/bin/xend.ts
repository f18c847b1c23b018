// SPDX-License-Identifier: Apache-2.0
import { closeSync, writeSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { runDaemon } from '../xend/daemon.ts';

/** The descriptor on which whoever starts xend hears how it went; not set when a person starts it. */
const REPORT_FD = Number(process.env.XEND_REPORT_FD ?? -1);

enableCompileCache();

function report(line: string): void {
  if (REPORT_FD < 0) return;
  writeSync(REPORT_FD, `${line}\n`);
  closeSync(REPORT_FD);
}

process.exit(await runDaemon(report));
