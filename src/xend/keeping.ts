// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { Builder } from './build.ts';
import type { XendContext } from './context.ts';
import { newCorePath, writeCore } from './core.ts';
import type { DeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import type { Ending } from './ending.ts';
import { requireGuest, requireRunning } from './phase-checks.ts';
import { createSaver, type Saver } from './save.ts';
import { readSaved } from './saved-file.ts';
import { createSuspender, type Suspender } from './suspended.ts';
import { isSuspended } from './suspended-file.ts';

/** How the core of a domain is written. */
export interface DumpOptions {
  /** Where; else among those that xend names. */
  readonly path: string | undefined;
  /** It runs on meanwhile, so that what is written is of different moments. */
  readonly live: boolean;
  /** What becomes of it then, if it does not go on. */
  readonly after: 'destroy' | 'reset' | undefined;
}

/** Domains in files: to go on from there, and to be looked at. */
export interface Keeping extends Suspender {
  readonly save: Saver['save'];
  /** Makes the domain of such a file again, with the state that it had. All or nothing. */
  restore(path: string, paused: boolean): Promise<XendDomain>;
  /** Writes what it has for somebody to look at. It need not run. @returns the path */
  dump(domain: XendDomain, options: DumpOptions): Promise<string>;
  /** Reboots it without asking it. Resolves when what its `on_reboot` says is done. */
  reset(domain: XendDomain): Promise<void>;
}

export function createKeeping(
  context: XendContext,
  devices: DeviceService,
  builder: Pick<Builder, 'build'>,
  { end }: Pick<Ending, 'end'>,
): Keeping {
  const { hv, log, classes } = context;
  const saver = createSaver(context, devices, { end });

  async function reset(domain: XendDomain): Promise<void> {
    requireRunning(domain, 'reset');
    log.write('INFO', `Resetting domain ${domain.name} (id=${domain.domid})`);
    domain.shutdownReason = 'reboot';
    // As a reboot that it has no time for.
    clearTimeout(domain.shutdownTimer);
    domain.shutdownTimer = setTimeout(() => void domain.thread?.kill(), 0);
    const failure = await domain.settled.promise;
    if (failure !== undefined) throw failure;
  }

  /** Writes the core while nothing moves. */
  async function dumpStill(domain: XendDomain, path: string): Promise<void> {
    // Not its phase: who pauses or unpauses it meanwhile means it.
    const pausing = domain.phase === 'running';
    if (pausing) hv.pause(domain.domid);
    try {
      await writeCore(context, domain, path);
    } finally {
      if (pausing && domain.phase === 'running') hv.unpause(domain.domid);
    }
  }

  return {
    reset,
    ...createSuspender(context, saver, builder, end),
    save: saver.save,
    async restore(path, paused) {
      const { uuid, config, own, state } = await readSaved(path, classes);
      if (isSuspended(context, uuid)) {
        throw new XmError('ESUSPENDED', `Domain '${config.name}' is suspended`, {
          hint: `'xm resume ${config.name}' lets it go on from there`,
        });
      }
      own.forEach(classes.adopt);
      log.write('INFO', `Restoring domain ${config.name} from ${path}`);
      return builder.build({ uuid, quickLives: 0, restored: state }, config, paused);
    },
    async dump(domain, { path: named, live, after }) {
      requireGuest(domain, 'dump core for');
      if (after === 'reset') requireRunning(domain, 'reset');
      const path = named ?? newCorePath(context, domain);
      await (live ? writeCore(context, domain, path) : dumpStill(domain, path));
      if (after === 'destroy') await end(domain);
      if (after === 'reset') await reset(domain);
      return path;
    },
  };
}
