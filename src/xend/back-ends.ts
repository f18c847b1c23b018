// SPDX-License-Identifier: Apache-2.0
import { EventEmitter, once } from 'node:events';
import type { DeviceClass } from '../devices/contract.ts';
import { XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { Device, DeviceEventBody } from './device.ts';
import type { DeviceEvent } from './device-table.ts';
import type { XendDomain } from './domain.ts';

/** Which domains serve devices. Who dies and comes back under its name serves again what it served. */
export interface BackEnds {
  /** The domain that `backend` names, by name or number. @throws XmError when there is none, or it does not serve the class */
  find(deviceClass: DeviceClass, named: string): XendDomain;
  /** The same when it has come, or at the latest when the signal is aborted. */
  arrival(deviceClass: DeviceClass, named: string, signal: AbortSignal): Promise<XendDomain>;
  /** Devices of a class that a domain serves. */
  servedBy(domain: XendDomain, className: string): readonly Device[];
  /** A driver is up: it serves what it served before, and what waits for a domain of its name. */
  driverUp(domain: XendDomain, className: string): void;
  /** The same for all its drivers, as it has a name now, and others may wait for that. */
  named(domain: XendDomain): void;
  /** The same as it runs again: it may not have answered before, as it was paused. */
  goesOn(domain: XendDomain): void;
  /** Has a device that waits for a domain served if that is there. */
  seek(device: Device): void;
  /** Shows a domain, which could not hear for a while, those of its devices that have a back end again. */
  show(domain: XendDomain): void;
}

/** Lets an event happen to a device; a failure is in the log and in what `whenConnected` says. */
export function happen(device: Device, event: DeviceEvent, body?: DeviceEventBody): void {
  device.handle(event, body).catch(() => {});
}

/** Whether the front end's driver of a device is up and its domain in a state to listen. */
export function listens({ frontsUp, phase, saving }: XendDomain, { class: { name } }: Device): boolean {
  return frontsUp.has(name) && phase !== 'paused' && !saving;
}

export function createBackEnds({ domains }: Pick<XendContext, 'domains'>): BackEnds {
  /** Tells `come` when a domain may serve that could not before. */
  const arrivals = new EventEmitter().setMaxListeners(0);

  /** All devices of a class. */
  function* allOf(className: string): Generator<readonly [XendDomain, Device]> {
    for (const front of domains.values()) {
      for (const device of front.devices.values()) if (device.class.name === className) yield [front, device];
    }
  }

  const waitsFor = ({ back }: Device, { name }: XendDomain): boolean => back.lost.aborted && back.name === name;

  /** It had not let go, or could not have it back. */
  const isWithout = ({ back, state }: Device, domain: XendDomain): boolean => back === domain && state === 'unserved';

  function serve(domain: XendDomain, front: XendDomain, device: Device): void {
    happen(device, 'backUp', { back: domain });
    // Its front end was up all the time.
    if (listens(front, device)) happen(device, 'show');
  }

  /** Serves those that wait for it, of all classes whose drivers are up. */
  function serveAll(domain: XendDomain, waits: typeof waitsFor): void {
    // A device would be lost with one that does not answer; when that goes on it is asked.
    if (domain.control === undefined || domain.phase === 'paused') return;
    for (const className of domain.backsUp) {
      for (const [front, device] of allOf(className)) if (waits(device, domain)) serve(domain, front, device);
    }
  }

  const backEnds: BackEnds = {
    find(deviceClass, named) {
      const back = [...domains.values()].find(({ name, domid }) => name === named || String(domid) === named);
      if (back === undefined || back.control === undefined) {
        throw new XmError('ENOBACKEND', `Cannot configure device for unknown backend ${named}`);
      }
      if (back.domid !== 0 && !back.config.backends.includes(deviceClass.name)) {
        throw new XmError('ENOBACKEND', `Domain '${back.name}' does not serve ${deviceClass.name} devices`, {
          hint: `its configuration would have (backend (${deviceClass.name}))`,
        });
      }
      return back;
    },
    async arrival(deviceClass, named, signal) {
      for (;;) {
        try {
          return backEnds.find(deviceClass, named);
        } catch (error) {
          if (signal.aborted) throw error;
        }
        await once(arrivals, 'come', { signal }).catch(() => {});
      }
    },
    servedBy: (domain, className) =>
      [...allOf(className)].map(([, device]) => device).filter(({ back }) => back === domain),
    driverUp(domain, className) {
      for (const [front, device] of allOf(className)) {
        if (device.back === domain || waitsFor(device, domain)) serve(domain, front, device);
      }
      arrivals.emit('come');
    },
    named(domain) {
      serveAll(domain, waitsFor);
      arrivals.emit('come');
    },
    goesOn: (domain) => serveAll(domain, (device) => waitsFor(device, domain) || isWithout(device, domain)),
    seek(device) {
      const found = [...domains.values()].find(({ name }) => name === device.back.name);
      if (found?.backsUp.has(device.class.name)) backEnds.named(found);
    },
    show(domain) {
      for (const device of domain.devices.values()) if (listens(domain, device)) happen(device, 'show');
    },
  };
  return backEnds;
}
