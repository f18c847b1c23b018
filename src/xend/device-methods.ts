// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass } from '../devices/contract.ts';
import { XmError } from '../errors.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { XendContext } from './context.ts';
import type { XendMethods } from './contract.ts';
import type { Device } from './device.ts';
import type { DeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import type { Lifecycle } from './lifecycle.ts';
import { deviceListForm } from './records.ts';
import { deviceInfo } from './views.ts';

type DeviceMethod =
  | 'device.attach'
  | 'device.detach'
  | 'device.move'
  | 'driver.unload'
  | 'driver.load'
  | 'device.list'
  | 'device.classes';

/** The methods that are about devices and their drivers. */
export function createDeviceMethods(
  { classes }: Pick<XendContext, 'classes'>,
  devices: DeviceService,
  life: Pick<Lifecycle, 'find'>,
): Pick<XendMethods, DeviceMethod> {
  return {
    async 'device.attach'({ domain, class: className, path, config, directory }) {
      const found = life.find(domain);
      if (found.phase !== 'running') throw new XmError('ENOTRUNNING', `Domain '${found.name}' is not running`);
      if (path !== undefined) classes.adopt(called(await classes.read(path), className));
      return deviceInfo(await devices.attach(found, className, config, directory));
    },
    async 'device.detach'({ domain, class: className, device, force }) {
      const unclean = await devices.detach(life.find(domain), className, device, force === true);
      return unclean === undefined ? {} : { warning: unclean.message };
    },
    async 'device.move'({ domain, class: className, device, backend, force }) {
      return deviceInfo(await devices.move(life.find(domain), className, device, backend, force === true));
    },
    async 'driver.unload'({ domain, class: className, end }) {
      await devices.unload(life.find(domain), className, DRIVER_END[end]);
      return null;
    },
    async 'driver.load'({ domain, class: className, end }) {
      const found = life.find(domain);
      const { own } = devices.classNamed(className);
      if (own !== undefined) classes.adopt(called(await classes.read(own.path), className));
      await devices.load(found, className, DRIVER_END[end]);
      return null;
    },
    async 'device.list'({ domain, class: className }) {
      const found = devicesOf(devices, life.find(domain), className);
      const sxp = found.map((device) => prettyPrint(deviceListForm(device))).join('');
      return { devices: found.map(deviceInfo), sxp };
    },
    async 'device.classes'({ class: className, path }) {
      const found = className === undefined ? classes.all : [devices.classNamed(className)];
      const shown = path === undefined ? found : [await classes.read(path)];
      return shown.map(({ name, aliases, doc, fields, own }) => ({
        name,
        aliases,
        doc,
        ...(own === undefined ? {} : { path: own.path }),
        fields: Object.entries(fields).map(
          ([field, { doc: fieldDoc, required, default: value, type, choices, paths }]) => ({
            name: field,
            doc: fieldDoc,
            required: required === true,
            ...(value === undefined ? {} : { default: value }),
            type,
            ...(choices === undefined ? {} : { choices }),
            ...(paths === undefined ? {} : { paths }),
          }),
        ),
      }));
    },
  };
}

/** A domain's devices of one class, or of all, by class and number. @throws XmError `ENOCLASS` */
export function devicesOf(
  devices: Pick<DeviceService, 'classNamed'>,
  domain: XendDomain,
  className?: string,
): readonly Device[] {
  // Of a class of a user's own there may be another version by now.
  const only = className === undefined ? undefined : devices.classNamed(className).name;
  return [...domain.devices.values()]
    .filter((device) => only === undefined || device.class.name === only)
    .sort((a, b) => (a.class.name === b.class.name ? a.devid - b.devid : a.class.name < b.class.name ? -1 : 1));
}

const DRIVER_END = { front: 'FE', back: 'BE' } as const;

/** @throws XmError when a module holds another class than was asked for */
function called(found: DeviceClass, name: string): DeviceClass {
  if (found.name === name) return found;
  throw new XmError('ENOCLASS', `The module "${found.own?.path}" holds the device class ${found.name}, not ${name}`);
}
