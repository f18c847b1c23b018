// SPDX-License-Identifier: Apache-2.0
import { CMSG_STATUS } from '../domain/control.ts';
import { messageOf, XmError } from '../errors.ts';
import { type Device, FRONT_GONE } from './device.ts';
import type { DeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import type { Log } from './log.ts';

/** Seconds a kernel has to come to rest and to give its state, unless said otherwise. */
export const SAVE_LIMIT = 20;

/** Codes of errors that mean that the domain itself is gone. */
const GONE: ReadonlySet<string> = new Set(['EDOMAINDIED', FRONT_GONE]);

/** A domain at rest: its kernel gave its state, its devices are disconnected with all done that was asked of them. */
export interface Suspended {
  readonly state: Uint8Array;
  /** Connects the devices again and lets the kernel go on. What fails there is in the log: it is too late to say it. */
  resume(): Promise<void>;
}

/**
 * Brings a domain to rest.
 *
 * @param limit seconds
 * @throws XmError when it cannot be; it goes on then
 */
export async function suspendDomain(
  domain: XendDomain,
  { connectLimit }: Pick<DeviceService, 'connectLimit'>,
  log: Log,
  limit: number,
): Promise<Suspended> {
  const stopped: Device[] = [];
  const served = [...domain.devices.values()].map((device) => ({ device, by: device.back }));

  async function resume(): Promise<void> {
    if (domain.phase !== 'running') return;
    const back = await Promise.allSettled(
      stopped.map(async (device) => {
        await device.handle('frontUp');
        await device.whenConnected(connectLimit);
      }),
    );
    for (const outcome of back) {
      if (outcome.status === 'rejected')
        log.write('ERROR', `Domain ${domain.name} goes on: ${messageOf(outcome.reason)}`);
    }
    const { status, reason } = await domain.request('DOMAIN', 'RESUME', {});
    if (status !== CMSG_STATUS.okay) log.write('WARNING', `Domain ${domain.name} does not go on: ${reason}`);
  }

  try {
    const state = await askForState(domain, limit);
    stopped.push(...[...domain.devices.values()].filter(({ state }) => state === 'connected' || state === 'offered'));
    const settled = await Promise.allSettled(stopped.map((device) => device.handle('suspend')));
    const failed = settled.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const lost = served.find(({ device: { state, back }, by }) => state !== 'closed' && back !== by);
    if (lost !== undefined) {
      const text = `Cannot save domain '${domain.name}': ${lost.device.name} lost domain '${lost.by.name}', which served it`;
      throw new XmError('EBUSY', text, { hint: 'what was asked of it meanwhile would be lost' });
    }
    return { state, resume };
  } catch (error) {
    if (error instanceof XmError && GONE.has(error.code)) {
      // Why is known when the thread has ended.
      await domain.thread?.ended;
      throw endedWhileSaved(domain);
    }
    await resume();
    throw error;
  }
}

async function askForState(domain: XendDomain, limit: number): Promise<Uint8Array> {
  const { status, reason, unoffered, late, gone, state } = await domain.request('DOMAIN', 'SAVE', {}, limit * 1000);
  if (status === CMSG_STATUS.okay && state instanceof Uint8Array) return state;
  const what = `Cannot save domain '${domain.name}'`;
  if (gone === true) throw endedWhileSaved(domain);
  if (unoffered === true) {
    throw new XmError('ENOTSUP', `${what}: ${reason}`, {
      hint: 'a kernel that can be saved calls dom.onSave; the shell does',
    });
  }
  if (late !== undefined) {
    throw new XmError('ETIMEOUT', `${what}: its kernel did not give its state within ${limit} s; the domain goes on`);
  }
  throw new XmError('ESAVE', `${what}: ${reason ?? 'its kernel gave no state'}; the domain goes on`);
}

/** The error when a domain ended by itself meanwhile. */
export function endedWhileSaved({ name, shutdownReason }: Pick<XendDomain, 'name' | 'shutdownReason'>): XmError {
  const why = shutdownReason?.replace(/^crash: /, '');
  return new XmError('EDOMAINDIED', `Domain '${name}' ended while it was saved${why === undefined ? '' : `: ${why}`}`);
}
