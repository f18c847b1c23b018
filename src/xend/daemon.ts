// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { takeDirectory } from '../directories.ts';
import { messageOf, XmError } from '../errors.ts';
import type { XendOptions } from './context.ts';
import { serveMetrics } from './http/metrics.ts';
import { serveXend } from './http/server.ts';
import { serveTcp } from './http/tcp.ts';
import { loadConfig } from './load-config.ts';
import { takeLock } from './lock.ts';
import { runPaths } from './paths.ts';
import { createXend, type Xend } from './service.ts';
import { configOptions } from './settings.ts';

/** After this many milliseconds of stopping, xend ends itself the hard way: a thread in a native call cannot be ended. */
const STOP_LIMIT = 15_000;

/**
 * Runs the supervisor until it is told to stop, by its socket or by SIGTERM, SIGINT or SIGHUP.
 *
 * @param report told `ready` when the socket listens, or `error: MESSAGE`
 * @returns the exit status
 */
export async function runDaemon(report: (line: string) => void): Promise<number> {
  process.umask(0o077);
  const unlock: (() => void)[] = [];
  let xend: Xend | undefined;
  const stopSignal = Promise.withResolvers<string | undefined>();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => stopSignal.resolve(undefined));
  try {
    const paths = runPaths();
    takeDirectory(paths.runDir);
    takeDirectory(paths.stateDir);
    unlock.push(takeLock(paths.pidFile));
    unlock.push(takeLock(paths.stateLock));
    const config = loadConfig(paths.config);
    const { tcp, metricsPort, logFile: log = paths.log } = config;
    xend = await createXend({ ...poolOptions(), ...configOptions(config), paths: { ...paths, log } });
    const servers = [
      ...(tcp === undefined ? [] : [await serveTcp(xend, tcp)]),
      ...(metricsPort === undefined ? [] : [await serveMetrics(xend, metricsPort)]),
      await serveXend(xend, paths.socket),
    ];
    console.log(`Xend started at ${new Date().toString()}.`);
    report('ready');
    const lost = await Promise.race([xend.stopAsked, stopSignal.promise]);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_LIMIT).unref();
    for (const server of servers) server.close();
    await xend.stop();
    // Who follows the log gets its last lines.
    await nextTurn();
    for (const server of servers) server.closeAllConnections();
    rmSync(paths.socket, { force: true });
    if (lost !== undefined) console.error(lost);
    return lost === undefined ? 0 : 1;
  } catch (error) {
    console.error(error);
    report(`error: ${messageOf(error)}`);
    await xend?.stop();
    return 1;
  } finally {
    for (const release of unlock) release();
  }
}

/** `XEND_POOL_THREADS`: how many threads there are for domains that share one. */
function poolOptions(): Pick<XendOptions, 'poolThreads'> {
  const { XEND_POOL_THREADS: text } = process.env;
  if (text === undefined || text === '') return {};
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new XmError('EINVAL', `XEND_POOL_THREADS must be a number from 1 to 999, not ${text}`);
  }
  return { poolThreads: Number(text) };
}
