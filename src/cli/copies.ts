// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { XendClient } from '../xend/client.ts';
import type { DomainInfo, XendApi } from '../xend/contract.ts';
import { doSeveral } from './several.ts';

/**
 * Starts many copies of a configuration, numbered from 1; a line on the terminal says how many there are so far.
 *
 * @param silent no such line
 * @returns their domains
 * @throws XmError when one of them cannot be created; those before it stay
 */
export async function createCopies(
  xend: Pick<XendClient, 'call'>,
  config: XendApi['domain.create']['params'],
  copies: number,
  silent: boolean,
): Promise<readonly DomainInfo[]> {
  const show = process.stderr.isTTY && !silent;
  const numbers = Array.from({ length: copies }, (_, index) => index + 1);
  let started = 0;
  const { done, failed } = await doSeveral(numbers, async (number) => {
    const { domains } = await xend.call('domain.create', { ...config, number });
    started++;
    if (show) process.stderr.write(`\rStarted ${started} of ${copies}`);
    return { number, domains };
  });
  if (show) process.stderr.write('\r\x1b[K');
  const domains = done.flatMap((copy) => copy.domains);
  if (failed === undefined) return domains;
  const { item, error } = failed;
  const { code = 'ECREATE', hint = undefined } = error instanceof XmError ? error : {};
  const [first] = done;
  const pattern = first?.domains[0]?.name.replace(new RegExp(`${first.number}(?!.*${first.number})`), '*');
  const undo = pattern && `those that started stay; 'xm destroy "${pattern}"' ends them`;
  throw new XmError(code, `${started} of ${copies} copies started; number ${item} did not: ${error.message}`, {
    ...(undo === undefined && hint === undefined ? {} : { hint: undo ?? hint! }),
  });
}
