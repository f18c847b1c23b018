// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, lstatSync, readdirSync, type Stats, statfsSync, statSync } from 'node:fs';
import { accessFault, CLOSED, octal } from '../../directories.ts';
import { holderOf } from '../../xend/lock.ts';
import type { Check, Finding, Patient } from './contract.ts';
import { nearest } from './machine.ts';

/** What a console's or a vchan's socket is called. */
const DOMAIN_SOCKET = /^(?:console|vchan)-\d+\.sock$/;

/** Directories, sockets, and what a xend that was killed has left there. */
export const PLACE_CHECKS: readonly Check[] = [
  {
    name: 'directories',
    look: async ({ paths }) => [directory(paths.runDir), directory(paths.stateDir)],
  },
  {
    name: 'sockets',
    async look({ paths, xend }) {
      // Without a xend there should be none: that is for the next check.
      if (xend instanceof Error) return [];
      return [paths.socket, paths.xenstoreSocket].map(socket);
    },
  },
  {
    name: 'settings',
    async look({ paths: { config }, xend }) {
      const there = statOf(config);
      if (there === undefined && !process.env.XEND_CONFIG) return [{ grade: 'ok', text: `there is no ${config}` }];
      // The reader of configurations is not for commands that have to be quick.
      const { loadConfig, namedFiles } = await import('../../xend/load-config.ts');
      const missing = namedFiles(loadConfig(config)).filter((path) => statOf(path) === undefined);
      if (missing.length > 0)
        return [{ grade: 'problem', text: `${config} names ${missing.join(', ')}`, hint: 'there is no such file' }];
      const changed = !(xend instanceof Error) && there !== undefined && there.mtimeMs / 1000 > xend.startTime;
      return changed
        ? [
            {
              grade: 'note',
              text: `${config} is newer than this xend`,
              hint: "'xm xend restart' reads it; all domains end",
            },
          ]
        : [{ grade: 'ok', text: `${config} is right` }];
    },
  },
  {
    name: 'leftovers',
    async look(patient) {
      if (patient.pid !== undefined) return [];
      const { stateDir, stateLock } = patient.paths;
      const holder = holderOf(stateLock);
      if (holder !== undefined) {
        const text = `${stateDir} belongs to a xend that runs (pid ${holder}) with another XEND_RUNDIR`;
        return [{ grade: 'problem', text, hint: 'name its XEND_RUNDIR to reach it, or another XEND_STATEDIR' }];
      }
      const found = leftovers(patient);
      if (found.length === 0) return [{ grade: 'ok', text: 'none' }];
      const text = `of a xend that was killed: ${found.join(', ')}`;
      return [{ grade: 'problem', text, hint: "the next start cleans up: 'xm xend start'" }];
    },
  },
];

/** Ours alone, and writable; or to be made in one that is. */
function directory(path: string): Omit<Finding, 'check'> {
  if (statOf(path) === undefined) {
    const parent = nearest(path);
    const why = unfit(parent);
    return why === undefined
      ? { grade: 'ok', text: `${path} will be made` }
      : { grade: 'problem', text: `${path} cannot be made: ${parent} ${why}` };
  }
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there?.isDirectory()) return { grade: 'problem', text: `${path} is no directory`, hint: 'xend needs it' };
  const open = openness(path, CLOSED.directory);
  if (open !== undefined) return open;
  if (!mayWrite(path)) return { grade: 'problem', text: `${path} is not writable`, hint: `chmod 700 ${path}` };
  return { grade: 'ok', text: `${path}, mode ${octal(there)}` };
}

/** Why no directory can be made in a place; undefined if one can. */
function unfit(parent: string): string | undefined {
  if (!statSync(parent).isDirectory()) return 'is no directory';
  const { blocks, files } = statfsSync(parent);
  // As root, one may write there all the same.
  if (blocks === 0 && files === 0) return 'holds only what the kernel shows';
  return mayWrite(parent) ? undefined : 'is not writable';
}

function socket(path: string): Omit<Finding, 'check'> {
  const there = statOf(path);
  if (there === undefined || !there.isSocket()) {
    return { grade: 'problem', text: `${path} is ${there === undefined ? 'gone' : 'no socket'}`, hint: RESTART };
  }
  return openness(path, CLOSED.file) ?? { grade: 'ok', text: `${path}, mode ${octal(there)}` };
}

const RESTART = "'xm xend restart' makes it again; all domains end with xend";

/** What lets others in. */
function openness(path: string, barred: number): Omit<Finding, 'check'> | undefined {
  const fault = accessFault(path, barred);
  return fault && { grade: 'problem', text: fault.message, ...(fault.hint === undefined ? {} : { hint: fault.hint }) };
}

/** What is there although no supervisor is, in words. */
function leftovers({ paths }: Patient): readonly string[] {
  const { runDir, domainDir, pidFile, stateLock, socket: main, xenstoreSocket } = paths;
  const files = [pidFile, stateLock, main, xenstoreSocket].filter((path) => statOf(path) !== undefined);
  const sockets = namesIn(runDir).filter((name) => DOMAIN_SOCKET.test(name));
  const records = namesIn(domainDir).filter((name) => name.endsWith('.sxp'));
  return [...files, ...counted(sockets.length, 'socket'), ...counted(records.length, 'record')];
}

function counted(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${what}${count === 1 ? ' of a domain' : 's of domains'}`];
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
