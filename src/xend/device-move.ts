// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { DeviceEntry, VmConfig } from '../config/contract.ts';
import type { DeviceConfig } from '../devices/contract.ts';
import { messageOf, XmError } from '../errors.ts';
import { type BackEnds, listens } from './back-ends.ts';
import type { XendContext } from './context.ts';
import type { ControlPeer, Device } from './device.ts';
import type { XendDomain } from './domain.ts';
import type { Drivers } from './drivers.ts';
import { requireUnpaused } from './phase-checks.ts';

/** Longest wait for a sign of life of those who take part, milliseconds. */
const PING_LIMIT = 5000;

/** Moves devices from one back end's domain to another. */
export interface DeviceMover {
  /**
   * Has a device served by another domain, while it is used: what was asked for is done before, what is asked for meanwhile waits.
   * If that fails the former back end serves it again, or it waits for that.
   *
   * @param named the other domain, by name or number
   * @param force takes it from a back end that does not answer, which may still do what it had in work
   * @throws XmError that says why it stays where it is
   */
  move(domain: XendDomain, device: Device, named: string, force: boolean): Promise<void>;
  /** Whether that is being done to a device. */
  isMoving(device: Device): boolean;
}

/** @param connectLimit milliseconds until it is connected */
export function createDeviceMover(
  context: XendContext,
  backEnds: Pick<BackEnds, 'find' | 'seek'>,
  drivers: Pick<Drivers, 'ensure'>,
  connectLimit: number,
): DeviceMover {
  const { log, options } = context;
  const moving = new Set<Device>();

  /** @throws XmError when one of them does not answer in time, before anything is done */
  async function ping({ name, request }: ControlPeer, who: string, hint?: string): Promise<void> {
    const limit = Math.min(PING_LIMIT, options.answerLimit ?? PING_LIMIT);
    // Whatever it is asked: it answers, be it that it does not know what that is.
    const { late } = await request('PING', 'PING', {}, limit);
    if (late === undefined) return;
    const text = `Domain '${name}', ${who}, does not answer within ${late / 1000} s`;
    throw new XmError('ETIMEOUT', text, hint === undefined ? {} : { hint });
  }

  /** Returns when it is connected, if its front end listens. */
  async function connect(domain: XendDomain, device: Device): Promise<void> {
    if (!listens(domain, device)) return;
    await device.handle('show');
    await device.whenConnected(connectLimit);
  }

  /** The new one failed. @returns how it stands then */
  async function giveBack(domain: XendDomain, device: Device, former: ControlPeer): Promise<string> {
    const waits = `waits for domain '${former.name}'`;
    // It is not done with what was asked of it, and has to be before anybody is asked again.
    if (device.back === former && device.state === 'unserved') return waits;
    try {
      await device.handle('seize', { back: former });
      await connect(domain, device);
      return `is served by domain '${former.name}' as before`;
    } catch (error) {
      log.write('WARNING', `${domain.name} ${device.name}: ${messageOf(error)}`);
      if (device.state === 'closed') return 'is gone';
      backEnds.seek(device);
      return waits;
    }
  }

  async function moveTo(next: XendDomain, domain: XendDomain, device: Device, force: boolean): Promise<void> {
    const former = device.back;
    try {
      await device.handle(force ? 'seize' : 'move', { back: next });
      await connect(domain, device);
    } catch (error) {
      const stands = await giveBack(domain, device, former);
      const code = error instanceof XmError ? error.code : 'EDEVICE';
      throw new XmError(code, `${messageOf(error)}; ${device.name} ${stands}`, { cause: error });
    }
  }

  return {
    isMoving: (device) => moving.has(device),
    async move(domain, device, named, force) {
      const { class: deviceClass, name, back: former } = device;
      if (moving.has(device)) throw new XmError('EAGAIN', `${name} of domain '${domain.name}' is being moved`);
      requireUnpaused(domain, 'move a device of');
      const next = backEnds.find(deviceClass, named);
      moving.add(device);
      try {
        await drivers.ensure(next, deviceClass, 'BE');
        checkMove(domain, device, next);
        const hint = '-f takes the device away all the same; what that domain has in work it may still do';
        await Promise.all([
          ping(domain, 'which has the device'),
          ping(next, 'which is to serve it'),
          force ? undefined : ping(former, 'which serves it', hint),
        ]);
        log.write('INFO', `Moving ${name} of domain ${domain.name} from ${former.name} to ${next.name}`);
        await moveTo(next, domain, device, force);
      } finally {
        moving.delete(device);
      }
      noteBack(context, domain, device);
    },
  };
}

/** @throws XmError when a device cannot be moved, to that domain or at all */
function checkMove(domain: XendDomain, device: Device, next: XendDomain): void {
  const { class: deviceClass, name, back, config, state } = device;
  const { name: to, phase } = next;
  const refuse = (code: string, text: string, hint?: string): never => {
    throw new XmError(code, text, hint === undefined ? {} : { hint });
  };
  if (deviceClass.implicit) refuse('EINVAL', `${deviceClass.name} cannot be moved: every domain has one`);
  if (next === domain) refuse('EINVAL', `Domain '${to}' cannot serve a device of its own`);
  if (next === back && state !== 'unserved') refuse('EEXIST', `Domain '${to}' serves ${name} already`);
  if (deviceClass.volatile?.(config)) {
    const text = `Device ${name} of domain '${domain.name}' would lose what was written to it`;
    refuse('EBUSY', text, 'its back end alone has that');
  }
  if (phase === 'paused') refuse('EPAUSED', `Domain '${to}' is paused`, `'xm unpause ${to}' lets it run`);
  if (phase !== 'running') refuse('ENOTRUNNING', `Domain '${to}' is not running`);
  if (!next.backsUp.has(deviceClass.name)) {
    const hint = `'xm driver-load ${to} ${deviceClass.name} back' loads it`;
    refuse('ENODRIVER', `The back end of ${deviceClass.name} in domain '${to}' is not loaded`, hint);
  }
}

/** What the domain is made from again names who serves the device now; if it is kept, that too. */
function noteBack({ managed }: Pick<XendContext, 'managed'>, domain: XendDomain, device: Device): void {
  const noted = (config: VmConfig): VmConfig => {
    const { backend } = device.config;
    // Of several that are alike, one that is not noted yet.
    const index = config.devices.findIndex((entry) => entry.config.backend !== backend && isOf(device, entry));
    if (index < 0) return config;
    const entry = { ...config.devices[index]!, config: device.config };
    return { ...config, devices: config.devices.with(index, entry) };
  };
  const kept = managed.find(domain.uuid);
  domain.config = noted(domain.config);
  if (kept !== undefined) managed.keep({ uuid: kept.uuid, config: noted(kept.config) });
}

/** Whether a device was made from an entry, wherever it was moved since. */
function isOf({ class: { name }, devid, config }: Device, entry: DeviceEntry): boolean {
  const elsewhere = (made: DeviceConfig): DeviceConfig => ({ ...made, backend: '' });
  const numbered = (entry.devid ?? devid) === devid;
  return numbered && entry.class === name && isDeepStrictEqual(elsewhere(entry.config), elsewhere(config));
}
