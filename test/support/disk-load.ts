// SPDX-License-Identifier: Apache-2.0
import type { Terminal } from './terminal.ts';
import { eventually } from './until.ts';
import type { TestXend } from './xend.ts';

/** Requests that back ends of disks have begun for a domain. */
export async function requestsOf(xend: TestXend, domain = 'guest'): Promise<number> {
  const { domains } = await xend.call('stats', {});
  const { rd = 0, wr = 0 } = domains.find(({ name }) => name === domain)?.devices.vbd ?? {};
  return rd + wr;
}

/**
 * Has a domain's shell sum up its disk `xvda`, and returns in the midst of that.
 *
 * @returns what it prints in the end, which is not waited for
 */
export async function startSum(
  xend: TestXend,
  terminal: Terminal,
  domain = 'guest',
): Promise<{ readonly printed: Promise<string> }> {
  const before = await requestsOf(xend, domain);
  const printed = terminal.run('sum xvda');
  await eventually(async () => (await requestsOf(xend, domain)) > before + 8);
  return { printed };
}
