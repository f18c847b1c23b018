// SPDX-License-Identifier: Apache-2.0
import { readDevice } from '../config/attach.ts';
import type { DeviceEntry } from '../config/contract.ts';
import type { DeviceClass } from '../devices/contract.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody, DRIVER, OKAY } from '../domain/control.ts';
import { messageOf, XmError } from '../errors.ts';
import { createBackEnds, happen } from './back-ends.ts';
import { createClassHosts, type HostMaker } from './class-hosts.ts';
import type { XendContext } from './context.ts';
import { createDevice } from './controller.ts';
import type { Device } from './device.ts';
import { deviceEvents, driverEvents } from './device-events.ts';
import { createDeviceMover, type DeviceMover } from './device-move.ts';
import type { DeviceEvent } from './device-table.ts';
import type { XendDomain } from './domain.ts';
import { createDrivers, type DriverEnd } from './drivers.ts';
import { devicePublisher } from './mirror.ts';

/** Longest wait for a device to connect, unless the supervisor says otherwise. */
const CONNECT_LIMIT = 20_000;

/** A device's number as people write it. */
const DEVID = /^(?:0x[0-9a-f]+|[0-9]+)$/i;

/** The devices of all domains: making, connecting and ending them, for any class. */
export interface DeviceService {
  /** Claims the device and has its back end make it. Nothing stays when it fails. */
  make(domain: XendDomain, entry: DeviceEntry): Promise<Device>;
  /** Hot add: makes it and waits until it is connected; it is gone again when that fails. */
  attach(
    domain: XendDomain,
    className: string,
    pairs: Readonly<Record<string, string>>,
    directory: string,
  ): Promise<Device>;
  /** Hot remove; with `force` the front end is told but not waited for. */
  /** @returns what an end did not let go of, if so; the device is gone all the same */
  detach(domain: XendDomain, className: string, name: string, force: boolean): Promise<XmError | undefined>;
  find(domain: XendDomain, className: string, name: string): Device;
  /** Has another domain serve one; see {@link DeviceMover}. */
  move(domain: XendDomain, className: string, name: string, back: string, force: boolean): Promise<Device>;
  /** Loads a driver that was unloaded; returns when its devices are connected again. */
  load(domain: XendDomain, className: string, end: DriverEnd): Promise<void>;
  /** Unloads one; returns when what was outstanding is done. Its devices wait until it is loaded again. */
  unload(domain: XendDomain, className: string, end: DriverEnd): Promise<void>;
  /** All configured devices are made: shows them to the front-end drivers that are up already. */
  show(domain: XendDomain): void;
  /** Whether it is on its way from one domain to another: it must not be brought to rest then. */
  isMoving(device: Device): boolean;
  /** A domain that was paused or at rest listens again: those of its devices that have a back end again connect. */
  showAgain(domain: XendDomain): void;
  /** It runs again, which devices may be waiting for. */
  goesOn(domain: XendDomain): void;
  /** The same of a name that it has now. */
  named(domain: XendDomain): void;
  classNamed(name: string): DeviceClass;
  /** Handles a control message about devices that a domain sent. */
  handle(domain: XendDomain, type: string, subtype: string, body: ControlBody): ControlAnswer | Promise<ControlAnswer>;
  /** A domain's thread is gone: its own devices close, and those it served wait for one of its name. */
  domainGone(domain: XendDomain): Promise<void>;
  readonly connectLimit: number;
}

/** @param hostMaker makes and ends the domains that serve classes of users' own */
export function createDeviceService(context: XendContext, hostMaker: HostMaker): DeviceService {
  const { log, options, domains } = context;
  const classes = context.classes.all;
  const tellDriver = driverEvents(context.events);
  const drivers = createDrivers(log, options.answerLimit);
  const connectLimit = options.connectLimit ?? CONNECT_LIMIT;
  const backEnds = createBackEnds(context);
  const hosts = createClassHosts(context, hostMaker);
  const { move, isMoving } = createDeviceMover(context, backEnds, drivers, connectLimit);

  function classNamed(name: string): DeviceClass {
    const found = classes.find((item) => item.name === name || item.aliases.includes(name));
    if (found !== undefined) return found;
    const known = classes.map((item) => item.name).join(', ');
    throw new XmError('ENOCLASS', `${name} is not a valid device type`, { hint: `there are: ${known}` });
  }

  function lowestFree(domain: XendDomain, deviceClass: DeviceClass): number {
    let devid = 0;
    while (domain.devices.has(`${deviceClass.name}:${devid}`)) devid++;
    return devid;
  }

  /** That of a device of this number before, if there was one. */
  function recordOf({ records }: XendDomain, key: string, { record = 0 }: DeviceClass): SharedArrayBuffer {
    const kept = records.get(key) ?? new SharedArrayBuffer(record);
    if (record > 0) records.set(key, kept);
    return kept;
  }

  async function make(domain: XendDomain, entry: DeviceEntry): Promise<Device> {
    const deviceClass = classNamed(entry.class);
    const { backend } = entry.config;
    if (deviceClass.own === undefined || backend !== undefined) {
      return makeWith(domain, deviceClass, entry, await backOf(domain, deviceClass, entry.config));
    }
    try {
      return await hosts.use(deviceClass, (host) => makeWith(domain, deviceClass, entry, host));
    } catch (error) {
      await hosts.prune();
      throw error;
    }
  }

  /** Who is to serve a device. Who comes back after its end waits for that, as it may have ended too. */
  async function backOf(
    domain: XendDomain,
    deviceClass: DeviceClass,
    config: DeviceEntry['config'],
  ): Promise<XendDomain> {
    const named = String(config.backend ?? 0);
    const name = deviceClass.names(config)[0] ?? deviceClass.name;
    try {
      return backEnds.find(deviceClass, named);
    } catch (error) {
      if (domain.restarts === 0 || domain.devicesMade) throw error;
      domain.log.write('INFO', `${name} waits for domain '${named}', which is to serve it: ${messageOf(error)}`);
    }
    const late = AbortSignal.timeout(connectLimit);
    try {
      return await backEnds.arrival(deviceClass, named, AbortSignal.any([late, domain.lost]));
    } catch (error) {
      if (!late.aborted) throw error;
      const elapsed = (connectLimit / 1000).toFixed(1);
      const text = `Device ${name} could not be connected within ${elapsed} s: ${messageOf(error)}`;
      throw new XmError('ETIMEOUT', text, { cause: error });
    }
  }

  async function makeWith(
    domain: XendDomain,
    deviceClass: DeviceClass,
    entry: DeviceEntry,
    back: XendDomain,
  ): Promise<Device> {
    await drivers.ensure(domain, deviceClass, 'FE');
    await drivers.ensure(back, deviceClass, 'BE');
    const devid = deviceClass.devid(entry.config) ?? entry.devid ?? lowestFree(domain, deviceClass);
    const key = `${deviceClass.name}:${devid}`;
    if (domain.devices.has(key)) {
      const name = deviceClass.names(entry.config)[0] ?? String(devid);
      throw new XmError('EEXIST', `Device ${name} is already connected.`);
    }
    const tellChange = deviceEvents(context.events);
    const publish = devicePublisher(context.xs);
    const device = createDevice(
      {
        class: deviceClass,
        devid,
        config: entry.config,
        front: domain,
        back,
        record: recordOf(domain, key, deviceClass),
      },
      {
        ...context,
        log: domain.log,
        onStep: options.onStep,
        answerLimit: options.answerLimit ?? options.connectLimit,
        destroyLimit: options.answerLimit ?? options.destroyLimit,
        onChange(changed) {
          publish(changed);
          tellChange(changed);
          if (changed.state === 'unserved') backEnds.seek(changed);
          if (changed.state === 'closed' && domain.devices.get(key) === changed) domain.devices.delete(key);
          void hosts.prune();
        },
      },
    );
    domain.devices.set(key, device);
    await device.handle('attach');
    return device;
  }

  /** @returns the answer: of a driver that goes down held back until all its devices have let go */
  async function driverStatus(domain: XendDomain, className: string, end: string, up: boolean): Promise<ControlAnswer> {
    domain.log.write(
      'INFO',
      `${className.toUpperCase()}_${end} DRIVER_STATUS(${up ? 'UP' : 'DOWN'}) from ${domain.name} (${domain.domid})`,
    );
    tellDriver(domain, up ? 'up' : 'down', className, end);
    const drivers = end === 'FE' ? domain.frontsUp : domain.backsUp;
    if (up) drivers.add(className);
    else drivers.delete(className);
    if (end === 'FE' && !domain.devicesMade) return OKAY;
    if (up && end === 'FE') tellDevices(domain, className, 'frontUp');
    if (up && end === 'BE') backEnds.driverUp(domain, className);
    if (up) return OKAY;
    const affected = devicesOf(domain, className, end);
    const event = end === 'FE' ? 'frontDown' : 'backDown';
    const settled = await Promise.allSettled(affected.map((device) => device.handle(event)));
    const failed = settled.find((outcome) => outcome.status === 'rejected');
    return failed === undefined ? OKAY : { status: CMSG_STATUS.error, reason: messageOf(failed.reason) };
  }

  /** Of a class: those of a domain, or those that it serves. */
  function devicesOf(domain: XendDomain, className: string, end: string): readonly Device[] {
    if (end === 'BE') return backEnds.servedBy(domain, className);
    return [...domain.devices.values()].filter((device) => device.class.name === className);
  }

  function tellDevices(domain: XendDomain, className: string, event: DeviceEvent): void {
    for (const device of devicesOf(domain, className, 'FE')) happen(device, event);
  }

  /** A module of a user's own class threw by itself: nobody knows which of its devices still work. */
  function driverFailed(domain: XendDomain, className: string, end: string, { reason }: ControlBody): void {
    domain.log.write(
      'WARNING',
      `${className.toUpperCase()}_${end} DRIVER_FAILED from ${domain.name}: ${String(reason)}`,
    );
    tellDriver(domain, 'failed', className, end, String(reason));
    for (const device of devicesOf(domain, className, end)) happen(device, 'failed', { reason });
  }

  /** Messages of a front end about one of its own devices. */
  const FRONT_EVENTS: Readonly<Record<string, DeviceEvent>> = {
    INTERFACE_CONNECT: 'frontConnect',
    INTERFACE_DISCONNECT: 'frontDown',
    INTERFACE_BROKEN: 'broken',
    INTERFACE_FAILED: 'failed',
  };

  function find(domain: XendDomain, className: string, name: string): Device {
    const deviceClass = classNamed(className);
    const word = name.replace(/^\/dev\//, '');
    for (const device of domain.devices.values()) {
      if (device.class.name !== deviceClass.name) continue;
      if ((DEVID.test(word) && Number(word) === device.devid) || device.class.names(device.config).includes(word))
        return device;
    }
    throw new XmError('ENODEVICE', `Device ${name} not connected`, {
      hint: `'xm device-list ${domain.name}' shows what is`,
    });
  }

  return {
    connectLimit,
    classNamed,
    find,
    make,
    show(domain) {
      domain.devicesMade = true;
      for (const className of domain.frontsUp) tellDevices(domain, className, 'frontUp');
    },
    isMoving,
    showAgain: backEnds.show,
    goesOn: backEnds.goesOn,
    named: backEnds.named,
    async load(domain, className, end) {
      await drivers.load(domain, classNamed(className), end);
      const up = (device: Device) =>
        domains.get(device.back.domid)?.backsUp.has(device.class.name) &&
        domains.get(device.front.domid)?.frontsUp.has(device.class.name);
      const back = devicesOf(domain, classNamed(className).name, end).filter(up);
      await Promise.all(back.map((device) => device.whenConnected(connectLimit)));
    },
    async unload(domain, className, end) {
      const deviceClass = classNamed(className);
      const held = devicesOf(domain, deviceClass.name, 'BE').find(({ config }) => deviceClass.volatile?.(config));
      if (end === 'BE' && held !== undefined) {
        const text = `Device ${held.name} of domain '${held.front.name}' would lose what was written to it`;
        throw new XmError('EBUSY', text, { hint: 'its back end alone has that' });
      }
      await drivers.unload(domain, deviceClass, end);
    },
    async attach(domain, className, pairs, directory) {
      const deviceClass = classNamed(className);
      const entry = readDevice(deviceClass.name, pairs, { directory, classes });
      await drivers.ensure(domain, deviceClass, 'FE');
      if (!domain.frontsUp.has(deviceClass.name)) {
        throw new XmError('ENODRIVER', `Domain '${domain.name}' has no driver for ${deviceClass.name} devices`);
      }
      const device = await make(domain, entry);
      try {
        happen(device, 'frontUp');
        await device.whenConnected(connectLimit);
      } catch (error) {
        await device.handle('detach');
        await hosts.prune();
        throw error;
      }
      return device;
    },
    async detach(domain, className, name, force) {
      const device = find(domain, className, name);
      if (device.class.implicit) {
        throw new XmError('EINVAL', `${device.class.name} cannot be detached: every domain has one`);
      }
      if (domain.phase === 'paused' && !force) {
        throw new XmError('EPAUSED', `Domain '${domain.name}' is paused and cannot let go of ${device.name}`, {
          hint: `'xm unpause ${domain.name}' lets it run; -f takes the device away all the same`,
        });
      }
      const unclean = await device.handle('detach', { force });
      await hosts.prune();
      return unclean;
    },
    async move(domain, className, name, back, force) {
      const device = find(domain, className, name);
      try {
        await hosts.hold(device, () => move(domain, device, back, force));
      } finally {
        await hosts.prune();
      }
      return device;
    },
    handle(domain, type, subtype, body) {
      const [, upper = '', end = ''] = /^(.+)_(FE|BE)$/.exec(type) ?? [];
      const className = upper.toLowerCase();
      if (!classes.some(({ name }) => name === className))
        return { status: CMSG_STATUS.error, reason: `no type ${type}` };
      if (subtype === 'DRIVER_STATUS') {
        return driverStatus(domain, className, end, body.status === DRIVER.up);
      }
      if (subtype === 'DRIVER_FAILED') {
        driverFailed(domain, className, end, body);
        return OKAY;
      }
      // A back end speaks of the devices it serves, a front end of its own.
      const front = end === 'FE' ? domain : domains.get(Number(body.domid));
      const device = front?.devices.get(`${className}:${Number(body.handle)}`);
      const event = FRONT_EVENTS[subtype];
      const bad = event === 'broken' || event === 'failed';
      const allowed = device !== undefined && (end === 'FE' || (device.back === domain && bad));
      const where = `${type} ${subtype}(handle=${String(body.handle)}) from ${domain.name} (${domain.domid})`;
      if (!allowed || event === undefined) {
        domain.log.write('WARNING', `${where}: unknown interface or message`);
        return { status: CMSG_STATUS.interfaceNotFound, reason: 'no such interface' };
      }
      domain.log.write(bad ? 'WARNING' : 'DEBUG', `${where}${bad ? `: ${String(body.reason)}` : ''}`);
      // What xend itself would say with an event is not theirs to say.
      const { frames, invitation, reason } = body;
      happen(device, event, { frames, invitation, reason });
      return OKAY;
    },
    async domainGone(domain) {
      // The front ends it served take their memory back when they hear of it.
      if (context.hv.domids().includes(domain.domid)) context.hv.unmapAll(domain.domid);
      domain.lose();
      const served = [...domains.values()]
        .filter((other) => other !== domain)
        .flatMap((other) => [...other.devices.values()].filter(({ back }) => back === domain));
      await Promise.allSettled([
        ...[...domain.devices.values()].map((device) => device.handle('frontGone')),
        ...served.map((device) => device.handle('backGone')),
      ]);
      await hosts.prune(domain);
    },
  };
}
