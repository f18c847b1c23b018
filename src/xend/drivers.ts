// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass } from '../devices/contract.ts';
import type { ClassModule } from '../domain/class-modules.ts';
import { CMSG_STATUS, type ControlBody, DOWN_LIMIT } from '../domain/control.ts';
import { XmError } from '../errors.ts';
import { FRONT_GONE } from './device.ts';
import type { XendDomain } from './domain.ts';
import type { Log } from './log.ts';

/** One of the two ends of a class, as control messages name it. */
export type DriverEnd = 'FE' | 'BE';

/** The drivers of device classes in the domains: front ends and back ends, of all devices of a class. */
export interface Drivers {
  /** Has a domain load its end of a user's own class, unless it has this version. Built-in ones it loads by itself. */
  ensure(domain: XendDomain, deviceClass: DeviceClass, end: DriverEnd): Promise<void>;
  /** Has it load an end that was unloaded. */
  load(domain: XendDomain, deviceClass: DeviceClass, end: DriverEnd): Promise<void>;
  /** Has it unload an end; returns when all devices have let go. @throws XmError that names the device which has not */
  unload(domain: XendDomain, deviceClass: DeviceClass, end: DriverEnd): Promise<void>;
}

/** What a domain needs to know of its end of a class. */
export function driverOf(deviceClass: DeviceClass, end: DriverEnd): ClassModule {
  const { name, front, back, own } = deviceClass;
  return { name, module: (end === 'FE' ? front : back).href, ...(own === undefined ? {} : { own }) };
}

export function createDrivers(log: Log, answerLimit: number | undefined): Drivers {
  async function send(
    domain: XendDomain,
    { name }: DeviceClass,
    end: DriverEnd,
    subtype: string,
    body: ControlBody,
    limit = answerLimit,
  ): Promise<void> {
    const type = `${name.toUpperCase()}_${end}`;
    const peer = `${domain.name} (${domain.domid})`;
    log.write('DEBUG', `${type} ${subtype} to ${peer}`);
    const { status, reason = 'no reason', gone, late } = await domain.request(type, subtype, body, limit);
    if (status === CMSG_STATUS.okay) return;
    log.write('ERROR', `${type} ${subtype} answered by ${peer}: status ${status}, ${reason}`);
    if (gone) throw new XmError(end === 'FE' ? FRONT_GONE : 'EDRIVER', `Domain '${domain.name}' is gone`);
    if (late !== undefined) {
      throw new XmError(
        'ETIMEOUT',
        `Domain '${domain.name}' did not answer ${type} ${subtype} within ${late / 1000} s`,
      );
    }
    throw new XmError('EDRIVER', reason, { hint: `${type} ${subtype} of domain ${domain.name}` });
  }

  /** @throws XmError when a driver cannot be touched, or is not `up` */
  function check(domain: XendDomain, { name, implicit }: DeviceClass, end: DriverEnd, up: boolean): void {
    const has = (end === 'FE' ? domain.frontsUp : domain.backsUp).has(name);
    const what = `The ${end === 'FE' ? 'front' : 'back'} end of ${name} in domain '${domain.name}'`;
    if (implicit) throw new XmError('EINVAL', `The driver of ${name} stays as it is: every domain has one`);
    if (domain.phase !== 'running') throw new XmError('ENOTRUNNING', `Domain '${domain.name}' is not running`);
    if (has !== up) throw new XmError(up ? 'ENODRIVER' : 'EEXIST', `${what} is ${up ? 'not ' : ''}loaded`);
  }

  return {
    async load(domain, deviceClass, end) {
      check(domain, deviceClass, end, false);
      const { backends } = domain.config;
      const may = end === 'BE' ? domain.domid === 0 || backends.includes(deviceClass.name) : domain.domid !== 0;
      if (!may) throw new XmError('EINVAL', `Domain '${domain.name}' has no ${deviceClass.name} devices of that end`);
      await send(domain, deviceClass, end, 'DRIVER_LOAD', { driver: driverOf(deviceClass, end) });
    },
    async unload(domain, deviceClass, end) {
      check(domain, deviceClass, end, true);
      await send(domain, deviceClass, end, 'DRIVER_UNLOAD', {}, DOWN_LIMIT);
    },
    async ensure(domain, deviceClass, end) {
      const { name, own } = deviceClass;
      if (own === undefined) return;
      const key = `${name}_${end}`;
      const { version, loaded } = domain.ownDrivers.get(key) ?? {};
      if (version === own.version) return loaded;
      const loading = send(domain, deviceClass, end, 'DRIVER_LOAD', { driver: driverOf(deviceClass, end) });
      domain.ownDrivers.set(key, { version: own.version, loaded: loading });
      try {
        await loading;
      } catch (error) {
        domain.ownDrivers.delete(key);
        throw error;
      }
    },
  };
}
