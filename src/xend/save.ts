// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { DeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import type { Ending } from './ending.ts';
import { createGuestFile } from './guest-file.ts';
import { requireUnpaused } from './phase-checks.ts';
import { requireReadable, savedSections } from './saved-file.ts';
import { endedWhileSaved, suspendDomain } from './suspend.ts';

/** How a domain is saved. */
export interface SaveOptions {
  /** It goes on afterwards. */
  readonly checkpoint: boolean;
  /** Seconds that its kernel has to give its state. */
  readonly limit: number;
}

/** Saves domains to files. */
export interface Saver {
  /**
   * Writes a running domain to a file and, unless it is a checkpoint, ends it. Until the file is complete, whatever fails leaves
   * no file and lets the domain go on.
   *
   * @throws XmError that says why it cannot be saved
   */
  save(domain: XendDomain, path: string, options: SaveOptions): Promise<void>;
}

export function createSaver(context: XendContext, devices: DeviceService, { end }: Pick<Ending, 'end'>): Saver {
  const { log, domains } = context;

  /** @throws XmError when its devices, or those of others, would lose something */
  function checkDevices(domain: XendDomain): void {
    const what = `Cannot save domain '${domain.name}'`;
    for (const device of [...domains.values()].flatMap((other) => [...other.devices.values()])) {
      if (device.back === domain && device.front !== domain) {
        throw new XmError('EBUSY', `${what}: it serves ${device.name} of domain '${device.front.name}'`);
      }
      if (device.front === domain && devices.isMoving(device)) {
        throw new XmError('EAGAIN', `${what}: ${device.name} is being moved`);
      }
      if (device.front === domain && device.state === 'unserved') {
        throw new XmError('EBUSY', `${what}: ${device.name} waits for domain '${device.back.name}' to serve it`, {
          hint: 'what was asked of it meanwhile would be lost',
        });
      }
      if (device.front === domain && device.class.volatile?.(device.config)) {
        throw new XmError('EBUSY', `${what}: ${device.name} would lose what was written to it`, {
          hint: 'its back end alone has that',
        });
      }
    }
  }

  async function write(domain: XendDomain, path: string, { checkpoint, limit }: SaveOptions): Promise<void> {
    // Before anything is done to the domain.
    await requireReadable(domain, context.classes);
    await using file = await createGuestFile(path, 'save');
    const { state, resume } = await suspendDomain(domain, devices, log, limit);
    let saved = false;
    try {
      await file.write(savedSections(domain, state));
      // Else there would be two of it, if it is restarted.
      if (domain.phase !== 'running') throw endedWhileSaved(domain);
      file.keep();
      saved = true;
    } finally {
      if (checkpoint || !saved) await resume();
    }
    log.write('INFO', `Domain ${domain.name} (id=${domain.domid}) was saved to ${path}`);
    if (checkpoint) return;
    domain.shutdownReason = 'suspend';
    await end(domain);
  }

  return {
    async save(domain, path, options) {
      requireUnpaused(domain, 'save');
      checkDevices(domain);
      domain.saving = true;
      try {
        await write(domain, path, options);
      } finally {
        domain.saving = false;
        devices.showAgain(domain);
      }
    },
  };
}
