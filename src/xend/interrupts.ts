// SPDX-License-Identifier: Apache-2.0
import { CMSG_STATUS, type ControlBody } from '../domain/control.ts';
import { XmError } from '../errors.ts';
import type { XendDomain } from './domain.ts';
import { type Lifecycle, SHUTDOWN_LIMIT } from './lifecycle.ts';
import { requireUnpaused } from './phase-checks.ts';

/** How long a domain may take to hear an interrupt, milliseconds. */
const HEARD_LIMIT = 5000;

/**
 * Sends a letter to a domain's kernel.
 *
 * @throws XmError when there is no such letter, or its kernel does not listen, or cannot
 */
export async function sendSysrq(domain: XendDomain, letter: string): Promise<void> {
  if (!/^[!-~]$/.test(letter)) throw new XmError('EINVAL', `A sysrq is one letter, not '${letter}'`);
  await interrupt(domain, 'SYSRQ', `sysrq ${letter}`, { letter });
}

async function interrupt(domain: XendDomain, subtype: string, what: string, body: ControlBody): Promise<void> {
  requireUnpaused(domain, `send ${what} to`);
  const { status, reason, unoffered, late, gone } = await domain.request('DOMAIN', subtype, body, HEARD_LIMIT);
  // It did what it was sent, rather quickly.
  if (status === CMSG_STATUS.okay || gone === true) return;
  if (unoffered === true) {
    throw new XmError('ENOTSUP', `Domain '${domain.name}' takes no ${what}: its kernel does not listen`, {
      hint: 'a kernel that does calls dom.onInterrupt; the shell does',
    });
  }
  if (late !== undefined) {
    throw new XmError(
      'ETIMEOUT',
      `Domain '${domain.name}' did not hear ${what} within ${late / 1000} s: its kernel is busy`,
      {
        hint: `'xm trigger ${domain.name} reset' needs nothing of it`,
      },
    );
  }
  throw new XmError('EINTERRUPT', `Domain '${domain.name}' failed at ${what}: ${reason}`);
}

/** What each trigger (spec/xend.md 4.2) does, or why it does nothing. */
const TRIGGERS: Readonly<Record<string, string | ((life: Lifecycle, domain: XendDomain) => Promise<void> | void)>> = {
  nmi: (_life, domain) => interrupt(domain, 'NMI', 'nmi', {}),
  reset: (life, domain) => life.reset(domain),
  power: (life, domain) => life.shutdown(domain, 'poweroff', SHUTDOWN_LIMIT),
  init: 'a thread has no processor state to begin with',
  s3resume: 'a domain does not sleep',
};

/**
 * Does what a button or a line of a machine does.
 *
 * @param vcpu of the domain's; all of them are its one thread
 * @throws XmError for one that there is not, or that has no meaning here, or that the domain cannot take
 */
export async function sendTrigger(life: Lifecycle, domain: XendDomain, trigger: string, vcpu: number): Promise<void> {
  const act = Object.hasOwn(TRIGGERS, trigger) ? TRIGGERS[trigger] : undefined;
  if (act === undefined) {
    const hint = `there are ${Object.keys(TRIGGERS).join(', ')}`;
    throw new XmError('EINVAL', `Invalid trigger: ${trigger}`, { hint });
  }
  if (vcpu >= domain.config.vcpus) {
    throw new XmError('EINVAL', `Domain '${domain.name}' has no VCPU ${vcpu}, it has ${domain.config.vcpus}`);
  }
  if (typeof act === 'string') throw new XmError('ENOTSUP', `Trigger ${trigger} does nothing here: ${act}`);
  await act(life, domain);
}
