// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { messageOf, XmError } from '../errors.ts';
import { type Builder, letRun } from './build.ts';
import type { XendContext } from './context.ts';
import type { XendDomain } from './domain.ts';
import type { ManagedDomain } from './managed.ts';
import { requireUnpaused } from './phase-checks.ts';
import type { Saver } from './save.ts';
import { readSaved } from './saved-file.ts';
import { fileOf, isSuspended } from './suspended-file.ts';

/** Managed domains whose state xend keeps. */
export interface Suspender {
  /** Saves a domain that is managed where xend finds it, and ends it. @param limit seconds for its kernel */
  suspend(domain: XendDomain, limit: number): Promise<void>;
  /** Lets one go on that was suspended. All or nothing; what it was suspended with is gone when it runs. */
  resume(managed: ManagedDomain, paused: boolean): Promise<XendDomain>;
}

export function createSuspender(
  context: XendContext,
  { save }: Saver,
  { build }: Pick<Builder, 'build'>,
  destroy: (domain: XendDomain) => Promise<void>,
): Suspender {
  const { managed, classes, log } = context;
  return {
    async suspend(domain, limit) {
      const { name, uuid } = domain;
      requireUnpaused(domain, 'suspend');
      if (managed.find(uuid) === undefined) {
        throw new XmError('EUNMANAGED', `Domain '${name}' is not managed by Xend lifecycle support`, {
          hint: `'xm save ${name} FILE' saves any domain`,
        });
      }
      await save(domain, fileOf(context, uuid), { checkpoint: false, limit });
    },
    async resume({ uuid, config: { name } }, paused) {
      const path = fileOf(context, uuid);
      if (!isSuspended(context, uuid)) {
        throw new XmError('ENOTSUSPENDED', `Cannot resume domain '${name}': it is not suspended`, {
          hint: `'xm start ${name}' starts it`,
        });
      }
      const { config, own, state } = await readSaved(path, classes);
      own.forEach(classes.adopt);
      log.write('INFO', `Resuming domain ${name}`);
      // It may have been renamed meanwhile.
      const domain = await build({ uuid, quickLives: 0, restored: state }, { ...config, name }, true);
      try {
        // Before it runs: what it changes on its disks from now on is not in there.
        rmSync(path);
      } catch (error) {
        await destroy(domain);
        throw new XmError('ESTATE', `Cannot remove "${path}": ${messageOf(error)}`, { cause: error });
      }
      if (!paused) letRun(domain);
      return domain;
    },
  };
}
