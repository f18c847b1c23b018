// SPDX-License-Identifier: Apache-2.0
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleSocket } from '../devices/console/socket.ts';
import { XmError } from '../errors.ts';

/** Everything one supervisor keeps on disk. Two supervisors with different directories never meet. */
export interface RunPaths {
  /** `XEND_RUNDIR`: sockets of xend, xenstore and consoles, pid. */
  readonly runDir: string;
  /** `XEND_STATEDIR`: domain records and logs. */
  readonly stateDir: string;
  readonly socket: string;
  /** Speaks xenstore's wire protocol: what `XENSTORED_PATH` of the `xenstore-*` programs names. */
  readonly xenstoreSocket: string;
  readonly pidFile: string;
  /** The pid again: a supervisor with another `runDir` may not share the records and logs. */
  readonly stateLock: string;
  /** Settings of the supervisor itself; need not exist. */
  readonly config: string;
  /** The part of xenstore that is kept, if any is. */
  readonly xenstoreFile: string;
  readonly log: string;
  /** What the daemon prints before and beside its log. */
  readonly debugLog: string;
  readonly domainDir: string;
  /** Cores that nobody named, a directory for each domain. */
  readonly dumpDir: string;
  /** Domains that xend keeps. */
  readonly managedDir: string;
  /** Pools of threads that are kept. */
  readonly poolFile: string;
}

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, with the terminating zero. */
const SOCKET_PATH_MAX = 103;

/**
 * The directories of the supervisor that this environment means (DESIGN.md 3).
 *
 * @throws XmError `ESOCKETPATH` when a socket's path would not fit into a socket address.
 */
export function runPaths(env: NodeJS.ProcessEnv = process.env): RunPaths {
  const runDir =
    env.XEND_RUNDIR ||
    (env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'xend') : join(tmpdir(), `xend-${process.getuid?.() ?? 0}`));
  const stateDir = env.XEND_STATEDIR || join(env.XDG_STATE_HOME || join(env.HOME || tmpdir(), '.local/state'), 'xend');
  const longest = consoleSocket(runDir, 65535);
  if (Buffer.byteLength(longest) > SOCKET_PATH_MAX) {
    throw new XmError('ESOCKETPATH', `The run directory ${runDir} is too long for a unix socket.`, {
      hint: `sockets in it would need ${Buffer.byteLength(longest)} of at most ${SOCKET_PATH_MAX} bytes; set XEND_RUNDIR to a shorter path`,
    });
  }
  return {
    runDir,
    stateDir,
    socket: join(runDir, 'xend.sock'),
    xenstoreSocket: join(runDir, 'xenstored'),
    pidFile: join(runDir, 'xend.pid'),
    stateLock: join(stateDir, 'xend.lock'),
    config: env.XEND_CONFIG || join(stateDir, 'xend-config.sxp'),
    xenstoreFile: join(stateDir, 'xenstore.db'),
    log: join(stateDir, 'xend.log'),
    debugLog: join(stateDir, 'xend-debug.log'),
    domainDir: join(stateDir, 'domains'),
    dumpDir: join(stateDir, 'dump'),
    managedDir: join(stateDir, 'managed'),
    poolFile: join(stateDir, 'cpupools.sxp'),
  };
}
