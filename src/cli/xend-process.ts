// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { takeDirectory } from '../directories.ts';
import { messageOf, XmError } from '../errors.ts';
import { isAlive } from '../processes.ts';
import type { RunPaths } from '../xend/paths.ts';

/** How long xend may take to come up or to go, in milliseconds. */
const LIMIT = 20_000;
const POLL = 25;
const LATE = `it was not ready after ${LIMIT / 1000} seconds`;
/** The descriptor on which a new xend says `ready` or `error: MESSAGE`. */
const REPORT_FD = 3;

const daemon = fileURLToPath(new URL(`../bin/xend${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));

/**
 * Starts xend in the background and returns when its servers listen. Another xend that comes up at the same time for
 * the same directory is as good.
 *
 * @param program the daemon's script.
 * @throws XmError `EXENDSTART` with xend's own reason when it does not come up within 20 seconds; `EDIRECTORY` when its
 *   directories cannot be made or are not ours alone
 */
export async function startXend(paths: RunPaths, program = daemon): Promise<void> {
  let reason = await launch(paths, program);
  // The one that holds the directory either comes up too, or it is just ending and leaves room for another attempt.
  if (reason !== undefined && !Number.isNaN(readPid(paths))) {
    if (await comesUp(paths)) return;
    reason = await launch(paths, program);
  }
  if (reason === undefined || (await answers(paths.socket))) return;
  throw new XmError('EXENDSTART', `Unable to start xend: ${reason}`, { hint: `more may be in ${paths.debugLog}` });
}

/** Waits until another xend answers; false when its process is gone, or after the limit. */
async function comesUp(paths: RunPaths): Promise<boolean> {
  const deadline = Date.now() + LIMIT;
  do {
    if (await answers(paths.socket)) return true;
    await sleep(POLL);
  } while (isAlive(readPid(paths)) && Date.now() < deadline);
  return false;
}

/** Whether something accepts connections on a unix socket. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(socket);
    probe.once('error', () => done(false));
    probe.once('connect', () => {
      probe.destroy();
      done(true);
    });
  });
}

/**
 * Returns when a process is gone.
 *
 * @throws XmError `EXENDSTOP` after 20 seconds.
 */
export async function waitGone(pid: number): Promise<void> {
  for (const deadline = Date.now() + LIMIT; isAlive(pid); await sleep(POLL)) {
    if (Date.now() > deadline) {
      throw new XmError('EXENDSTOP', `xend (process ${pid}) did not end within ${LIMIT / 1000} seconds.`, {
        hint: `'kill -9 ${pid}' ends it; the next start cleans up`,
      });
    }
  }
}

/** @returns undefined when xend is ready, else why it is not. */
async function launch(paths: RunPaths, program: string): Promise<string | undefined> {
  // Before it is started, which costs time, and has no place yet to say more.
  for (const directory of [paths.runDir, paths.stateDir]) takeDirectory(directory);
  let log: number;
  try {
    log = openSync(paths.debugLog, 'a', 0o600);
  } catch (error) {
    return messageOf(error);
  }
  // Its directory is the root, so that it keeps no directory of the user busy: relative paths are resolved before.
  const env = {
    // Else glibc keeps what domains gave back: it no longer maps blocks of a size that was freed once.
    MALLOC_MMAP_THRESHOLD_: String(128 * 1024),
    ...process.env,
    XEND_RUNDIR: resolve(paths.runDir),
    XEND_STATEDIR: resolve(paths.stateDir),
    ...(process.env.XEND_CONFIG ? { XEND_CONFIG: resolve(process.env.XEND_CONFIG) } : {}),
    XEND_REPORT_FD: String(REPORT_FD),
  };
  const stdio = ['ignore', log, log, 'pipe'] as const;
  const child = spawn(process.execPath, [program], { detached: true, cwd: '/', env, stdio: [...stdio] });
  closeSync(log);
  child.unref();
  const failed = new Promise<string>((done) => child.once('error', (error) => done(error.message)));
  const ended = new Promise<string>((done) => {
    child.once('exit', (code, signal) => done(`it ended with ${signal ?? `status ${code}`} before it was ready`));
  });
  const report = child.stdio[REPORT_FD] as Readable;
  const late = new AbortController();
  const outcome = await Promise.race([
    failed,
    textOf(report).then((text) => text ?? ended),
    sleep(LIMIT, LATE, { signal: late.signal }),
  ]);
  // What hangs, hangs in a call that no signal interrupts.
  if (outcome === LATE) child.kill('SIGKILL');
  late.abort();
  report.destroy();
  return outcome === READY.trimEnd() ? undefined : outcome.replace(/^error: /, '');
}

/** The report of a xend that came up; any other is a reason, of several lines perhaps. */
const READY = 'ready\n';

/** What xend says before it closes the stream, or that it is ready; undefined when that is nothing. */
async function textOf(stream: Readable): Promise<string | undefined> {
  let text = '';
  try {
    for await (const chunk of stream) {
      text += chunk;
      if (text === READY) break;
    }
  } catch {
    // A torn pipe says the same as a closed one.
  }
  return text.trimEnd() || undefined;
}

function readPid({ pidFile }: RunPaths): number {
  try {
    return Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
}
