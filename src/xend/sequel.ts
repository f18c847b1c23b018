// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type { CrashAction } from '../config/contract.ts';
import { MAX_NAME } from '../config/values.ts';
import { messageOf, XmError } from '../errors.ts';
import type { Builder } from './build.ts';
import type { XendContext } from './context.ts';
import { newCorePath, writeCore } from './core.ts';
import type { XendDomain } from './domain.ts';
import type { EndingHooks, Sequel } from './ending.ts';
import { changeIdentity } from './identity.ts';
import { lookUp } from './lookup.ts';
import { judgeRestart } from './restart.ts';

/** Room for `-DOMID-MORE` behind a name. */
const LONGEST_SUFFIX = 12;

/** What a configuration's `on_poweroff`, `on_reboot` and `on_crash` mean. */
export function createSequels(context: XendContext, build: Builder['build']): Pick<EndingHooks, 'sequelOf'> {
  const {
    log,
    options: { dumpCrashed = false },
  } = context;

  /**
   * @param makeRoom lets go of the domain's name, if that has to be done
   * @returns why it stays down, if it does
   */
  async function restart(domain: XendDomain, crashed: boolean, makeRoom?: () => void): Promise<unknown> {
    const verdict = judgeRestart(domain, crashed);
    if (typeof verdict === 'string') {
      log.write('ERROR', verdict);
      return new XmError('ETOOFAST', verdict);
    }
    const { uuid, config, restarts } = domain;
    log.write('INFO', `Restarting domain ${config.name}`);
    try {
      makeRoom?.();
      await build({ uuid, quickLives: verdict, restarts: restarts + 1 }, config, false);
      return undefined;
    } catch (error) {
      log.write('ERROR', `Domain ${config.name} could not be restarted: ${messageOf(error)}`);
      return error;
    }
  }

  async function dump(domain: XendDomain): Promise<void> {
    try {
      await writeCore(context, domain, newCorePath(context, domain));
    } catch (error) {
      log.write('ERROR', `There is no core of domain ${domain.name}: ${messageOf(error)}`);
    }
  }

  /** Gives a domain's name and uuid to its next life; it is called `NAME-DOMID` from now on. */
  function putAside(domain: XendDomain): void {
    const base = `${domain.name.slice(0, MAX_NAME - LONGEST_SUFFIX)}-${domain.domid}`;
    let name = base;
    for (let more = 2; lookUp(context, name) !== undefined; more++) name = `${base}-${more}`;
    changeIdentity(context, domain, { name, uuid: randomUUID() });
  }

  const sequels: Readonly<Record<CrashAction, (domain: XendDomain, crashed: boolean) => Sequel>> = {
    destroy: () => ({ keep: false }),
    preserve: () => ({ keep: true }),
    restart: (domain, crashed) => ({ keep: false, next: () => restart(domain, crashed) }),
    'rename-restart': (domain, crashed) => ({
      keep: true,
      next: () => restart(domain, crashed, () => putAside(domain)),
    }),
    'coredump-destroy': (domain) => ({ keep: false, first: () => dump(domain) }),
    'coredump-restart': (domain, crashed) => ({
      keep: false,
      first: () => dump(domain),
      next: () => restart(domain, crashed),
    }),
  };

  return {
    sequelOf(domain, crashed) {
      const first = crashed && dumpCrashed ? () => dump(domain) : undefined;
      return { ...(first && { first }), ...sequels[actionFor(domain, crashed)](domain, crashed) };
    },
  };
}

function actionFor({ config, shutdownReason }: XendDomain, crashed: boolean): CrashAction {
  if (crashed) return config.onCrash;
  return shutdownReason === 'reboot' ? config.onReboot : config.onPoweroff;
}
