// SPDX-License-Identifier: Apache-2.0
import { printable } from '../words.ts';
import type { XendClient } from '../xend/client.ts';
import type { XendApi } from '../xend/contract.ts';

type Detachment = XendApi['device.detach']['params'];

/**
 * Takes a device away.
 *
 * @param warn told in one line which end did not let go as it should
 * @returns what was taken, with the warning
 */
export async function detach(
  xend: Pick<XendClient, 'call'>,
  detachment: Detachment,
  warn: (line: string) => void,
): Promise<Omit<Detachment, 'force'> & XendApi['device.detach']['result']> {
  const { domain, class: className, device } = detachment;
  const { warning } = await xend.call('device.detach', detachment);
  if (warning !== undefined) warn(printable(`Warning: ${warning}. It is detached all the same.`));
  return { domain, class: className, device, ...(warning === undefined ? {} : { warning }) };
}
