// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { XendClient } from '../xend/client.ts';
import { usageError } from './failure.ts';

/** What `xm shutdown` and `xm reboot` were asked. */
export interface EndRequest {
  /** One domain, unless `all`. */
  readonly domain: string | undefined;
  readonly all: boolean | undefined;
  readonly reason: 'poweroff' | 'reboot' | 'halt';
  readonly wait: boolean | undefined;
  /** Seconds it has to end by itself; then it is destroyed. */
  readonly timeout?: number | undefined;
  readonly say: (line: string) => void;
}

/**
 * Asks one domain, or all but Domain-0, to end; with `wait`, returns when they have.
 *
 * @throws XmError of the first that failed, when all others were asked
 * @returns the domains, whether each is done and whether it runs again: without `wait`, being asked is all that is known.
 */
export async function endDomains(client: Pick<XendClient, 'call'>, request: EndRequest) {
  const { reason, wait, timeout, say } = request;
  const names = await chosen(client, request);
  const options = { reason, wait: Boolean(wait), ...(timeout === undefined ? {} : { timeout }) };
  const outcomes = await Promise.allSettled(
    names.map(async (domain) => {
      const result = await client.call('domain.shutdown', { domain, ...options });
      const { again, forced } = result;
      const how = forced === undefined ? '' : ` by force: it did not end within ${forced} s`;
      if (wait) say(`Domain ${domain} ${wordFor(again)}${how}\n`);
      return { domain, ...result };
    }),
  );
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  // One of all that is gone by itself meanwhile is what was wanted.
  const failed = failures.filter((error) => !(request.all && error instanceof XmError && error.code === 'ENODOMAIN'));
  if (failed.length > 0) throw together(failed);
  const results = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (wait && request.all) {
    const all = results.length === 0 ? [reason === 'reboot'] : results.map(({ again }) => again);
    if (new Set(all).size === 1) say(`All domains ${wordFor(all[0]!)}\n`);
  }
  return results;
}

/** The first error, which says of how many others it is. */
function together([first, ...others]: readonly Error[]): Error {
  if (!(first instanceof XmError) || others.length === 0) return first!;
  const hint = [first.hint, `${others.length} more failed: ${others.map(({ message }) => message).join(', ')}`];
  return new XmError(first.code, first.message, { exit: first.exit, hint: hint.filter(Boolean).join('; ') });
}

/** What happened, which need not be what was asked for: `(on_reboot destroy)` makes a reboot an end. */
function wordFor(again: boolean): string {
  return again ? 'rebooted' : 'terminated';
}

async function chosen(client: Pick<XendClient, 'call'>, { domain, all }: EndRequest): Promise<string[]> {
  if (Boolean(all) === (domain !== undefined)) throw usageError('Expected a domain, or -a for all of them.');
  if (domain !== undefined) return [domain];
  const running = await client.call('domain.list', {});
  return running.filter(({ domid }) => domid !== 0).map(({ name }) => name);
}
