// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { XendDomain } from './domain.ts';

/** Who may be acted upon, and when: checks that verbs begin with. */

/** @throws XmError when a domain is not to be changed */
export function requireGuest({ domid, name, phase }: XendDomain, verb: string): void {
  if (domid === 0) throw new XmError('EPRIVILEGED', `Cannot ${verb} privileged domain ${name}`);
  if (phase === 'building') throw new XmError('EAGAIN', `Domain '${name}' is being built`);
}

/** @throws XmError when it is not to be changed, or cannot be now */
export function requireRunning(domain: XendDomain, verb: string): void {
  const { name, phase, saving } = domain;
  requireGuest(domain, verb);
  if (saving) throw new XmError('EAGAIN', `Domain '${name}' is being saved`);
  if (phase !== 'running' && phase !== 'paused') throw new XmError('ENOTRUNNING', `Domain '${name}' is not running`);
}

/** @throws XmError when a domain that is to do something does not run, or is paused */
export function requireUnpaused(domain: XendDomain, verb: string): void {
  const { name, phase } = domain;
  requireRunning(domain, verb);
  if (phase === 'running') return;
  throw new XmError('EPAUSED', `Domain '${name}' is paused`, { hint: `'xm unpause ${name}' lets it run` });
}
