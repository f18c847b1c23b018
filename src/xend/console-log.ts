// SPDX-License-Identifier: Apache-2.0
import { copyHistory } from '../devices/console/history.ts';
import { XmError } from '../errors.ts';
import type { XendApi } from './contract.ts';
import type { XendDomain } from './domain.ts';

/** Every domain has one console. */
const CONSOLE = 'console:0';

/**
 * What a domain's console said so far, also when the domain has ended and stays to be looked at. No thread is asked for it.
 *
 * @throws XmError `ENOCONSOLE` for a domain without one: Domain-0, or one that is only just being built
 */
export function consoleLog({ domid, name, records }: XendDomain): XendApi['domain.consoleLog']['result'] {
  const record = records.get(CONSOLE);
  if (record === undefined) throw new XmError('ENOCONSOLE', `Domain '${name}' has no console`);
  const { start, shown, bytes } = copyHistory(record);
  return { domid, name, lost: start, shown, bytes: Buffer.from(bytes).toString('base64') };
}
