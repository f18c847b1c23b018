// SPDX-License-Identifier: Apache-2.0
import type { EndAction } from '../config/contract.ts';
import { messageOf, XmError } from '../errors.ts';
import type { Builder } from './build.ts';
import type { XendContext } from './context.ts';
import type { XendDomain } from './domain.ts';
import type { EndingHooks, Sequel } from './ending.ts';
import { judgeRestart } from './restart.ts';

/** What a configuration's `on_poweroff`, `on_reboot` and `on_crash` mean. */
export function createSequels(
  { log }: Pick<XendContext, 'log'>,
  build: Builder['build'],
): Pick<EndingHooks, 'sequelOf'> {
  /** @returns why it stays down, if it does */
  async function restart(domain: XendDomain, crashed: boolean): Promise<unknown> {
    const verdict = judgeRestart(domain, crashed);
    if (typeof verdict === 'string') {
      log.write('ERROR', verdict);
      return new XmError('ETOOFAST', verdict);
    }
    log.write('INFO', `Restarting domain ${domain.name}`);
    try {
      await build({ uuid: domain.uuid, quickLives: verdict }, domain.config, domain.directory, false);
      return undefined;
    } catch (error) {
      log.write('ERROR', `Domain ${domain.name} could not be restarted: ${messageOf(error)}`);
      return error;
    }
  }

  const sequels: Readonly<Record<EndAction, (domain: XendDomain, crashed: boolean) => Sequel>> = {
    destroy: () => ({ keep: false }),
    preserve: () => ({ keep: true }),
    restart: (domain, crashed) => ({ keep: false, next: () => restart(domain, crashed) }),
  };

  return {
    sequelOf: (domain, crashed) => sequels[actionFor(domain, crashed)](domain, crashed),
  };
}

function actionFor({ config, shutdownReason }: XendDomain, crashed: boolean): EndAction {
  if (crashed) return config.onCrash;
  return shutdownReason === 'reboot' ? config.onReboot : config.onPoweroff;
}
