// SPDX-License-Identifier: Apache-2.0
import { noSuchDomain, XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { XendMethods } from './contract.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isThere, lookUp } from './lookup.ts';
import { SAVE_LIMIT } from './suspend.ts';
import { domainInfo } from './views.ts';

/** The methods that are about domains in files. */
export function createKeepingMethods(
  context: XendContext,
  life: Lifecycle,
): Pick<XendMethods, 'domain.save' | 'domain.restore' | 'domain.suspend' | 'domain.resume' | 'domain.dump'> {
  return {
    async 'domain.save'({ domain, path, checkpoint, timeout }) {
      await life.save(life.find(domain), path, { checkpoint: checkpoint === true, limit: timeout ?? SAVE_LIMIT });
      return { path };
    },
    'domain.restore': async ({ path, paused }) => domainInfo(context, await life.restore(path, paused === true)),
    async 'domain.suspend'({ domain, timeout }) {
      await life.suspend(life.find(domain), timeout ?? SAVE_LIMIT);
      return null;
    },
    async 'domain.resume'({ domain, paused }) {
      const found = lookUp(context, domain);
      if (found === undefined) throw noSuchDomain(domain);
      if (isThere(found)) throw new XmError('EEXIST', `Domain '${found.name}' is already running`);
      return domainInfo(context, await life.resume(found, paused === true));
    },
    'domain.dump': async ({ domain, path, live, after }) => ({
      path: await life.dump(life.find(domain), { path, live: live === true, after }),
    }),
  };
}
