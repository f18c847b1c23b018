// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { errorHeading } from '../words.ts';
import type { XendClient } from '../xend/client.ts';
import type { CheckResult, ConfigText } from '../xend/contract.ts';

/**
 * Has xend check a configuration, and shows what it has to say on stderr.
 *
 * @throws XmError `ECONFIG` when the configuration has errors.
 */
export async function checkText(client: XendClient, config: ConfigText): Promise<CheckResult> {
  const checked = await client.call('config.check', config);
  if (!checked.ok) {
    throw new XmError('ECONFIG', `${errorHeading(config.file, checked.errors)}\n${checked.report.trimEnd()}`);
  }
  process.stderr.write(checked.report);
  return checked;
}

/** `2 errors and 1 warning`; only what there is. */
export function counted({ errors, warnings }: Pick<CheckResult, 'errors' | 'warnings'>): string {
  const some = (count: number, word: string) => (count === 0 ? [] : [`${count} ${word}${count === 1 ? '' : 's'}`]);
  return [...some(errors, 'error'), ...some(warnings, 'warning')].join(' and ');
}
