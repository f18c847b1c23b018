// SPDX-License-Identifier: Apache-2.0
import { copyHistory, type HistoryCopy } from '../devices/console/history.ts';
import { XmError } from '../errors.ts';
import type { XendApi } from './contract.ts';
import type { XendDomain } from './domain.ts';

/** Every domain has one console. */
const CONSOLE = 'console:0';
const NOTHING: HistoryCopy = { start: 0, shown: 0, bytes: new Uint8Array(0) };

/**
 * What a domain's console said so far, also when the domain has ended and stays to be looked at. No thread is asked for it.
 *
 * @throws XmError `ENOCONSOLE` for Domain-0
 */
export function consoleLog({ domid, name, records }: XendDomain): XendApi['domain.consoleLog']['result'] {
  if (domid === 0) throw new XmError('ENOCONSOLE', `Domain '${name}' has no console`);
  const record = records.get(CONSOLE);
  // There is none before the domain's devices are made.
  const { start, shown, bytes } = record === undefined ? NOTHING : copyHistory(record);
  return { domid, name, lost: start, shown, bytes: Buffer.from(bytes).toString('base64') };
}
