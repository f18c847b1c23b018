// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { XendClient } from '../xend/client.ts';
import type { XendStatus } from '../xend/contract.ts';
import { runPaths } from '../xend/paths.ts';
import { duration } from './time.ts';
import { startXend, waitGone } from './xend-process.ts';

/**
 * The state of a xend that may not run.
 *
 * @param client one that does not start it.
 * @returns undefined when it does not run.
 */
export function xendStatus(client: XendClient): Promise<XendStatus | undefined> {
  return client.call('xend.status', {}).catch(absent);
}

/** Starts xend when it does not run. */
export async function ensureXend(client: XendClient): Promise<{ readonly status: XendStatus; readonly line: string }> {
  const before = await xendStatus(client);
  if (before) return { status: before, line: `xend is already running (pid ${before.pid})\n` };
  await startXend(runPaths());
  const status = await client.call('xend.status', {});
  const found = status.recovered.map((sentence) => `  ${sentence}\n`).join('');
  return { status, line: `xend started (pid ${status.pid})\n${found}` };
}

/**
 * Ends xend and waits for the end of its process.
 *
 * @returns what it was, or undefined when it did not run.
 */
export async function stopXend(client: XendClient): Promise<XendStatus | undefined> {
  const status = await client.call('xend.stop', {}).catch(absent);
  if (status) await waitGone(status.pid);
  return status;
}

/**
 * Ends xend and starts it again. What it would not start with is said while it still runs, with its domains.
 *
 * @throws XmError `ECONFIG` when its configuration is wrong; it was not ended
 */
export async function restartXend(client: XendClient): ReturnType<typeof ensureXend> {
  const { loadConfig } = await import('../xend/load-config.ts');
  loadConfig(runPaths().config);
  await stopXend(client);
  return ensureXend(client);
}

/** `xend is running (pid 1, ...)` or `xend is not running`. */
export function statusLine(status: XendStatus | undefined): string {
  if (!status) return 'xend is not running\n';
  const { pid, version, domains, socket, startTime } = status;
  const age = duration(Math.max(0, Date.now() / 1000 - startTime)).trim();
  return `xend is running (pid ${pid}, version ${version}, up ${age}, ${domains} domain${domains === 1 ? '' : 's'}, socket ${socket})\n`;
}

function absent(error: unknown): undefined {
  if (error instanceof XmError && error.code === 'ENOXEND') return undefined;
  throw error;
}
