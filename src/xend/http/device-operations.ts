// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import { childAt, isElement, nameOf } from '../../sxp/access.ts';
import type { Sxp } from '../../sxp/contract.ts';
import { show } from '../../sxp/show.ts';
import type { DeviceInfo } from '../contract.ts';
import type { Xend } from '../service.ts';
import { FLAG, FORM, TEXT } from './kinds.ts';
import { operation, optional, type Parameter } from './operation.ts';

/** Relative paths in what a client of another process sends mean nothing here. */
const DIRECTORY = '/';

const DOMAIN: Parameter<string> = { name: 'domain', kind: TEXT };
const TYPE: Parameter<string> = { name: 'type', kind: TEXT };
const DEVICE: Parameter<string> = { name: 'dev', kind: TEXT };
const CONFIG: Parameter<Sxp> = { name: 'config', kind: FORM };

/** The operations on devices of spec/xend.md 5.1 and 5.4. */
export const deviceOperations = {
  list: operation('Devices of one class.', [DOMAIN, TYPE], async (xend, domain, type) =>
    xend.forms.devices(domain, type),
  ),
  one: operation(
    'One device of a class, by number or name.',
    [DOMAIN, TYPE, DEVICE],
    async (xend, domain, type, device) => stateOf(xend, domain, await find(xend, domain, type, device)),
  ),
  blockClass: operation(
    'The class of a disk, by number or name.',
    [DOMAIN, DEVICE],
    async (xend, domain, device) => (await find(xend, domain, 'block', device)).class,
  ),
  attach: operation(
    'Adds a device such as (vbd (uname file:/x) (dev xvda)). Answers with its state.',
    [DOMAIN, CONFIG],
    attach,
  ),
  configure: operation(
    'Has a device served by the backend that its configuration names; nothing else of it can change. Answers with its state.',
    [DOMAIN, CONFIG, optional('dev', TEXT, '')],
    configure,
  ),
  detach: operation(
    'Removes a device, by number or name.',
    [DOMAIN, TYPE, DEVICE, optional('force', FLAG, false), optional('rm_cfg', FLAG, false)],
    async (xend, domain, type, device, force) => {
      await xend.methods['device.detach']({ domain, class: type, device, force });
      return null;
    },
  ),
};

/** @throws XmError when a form is no device, such as `(vbd (uname file:/x) (dev xvda))` */
function readDevice(form: Sxp): { readonly className: string; readonly config: Readonly<Record<string, string>> } {
  const device = isElement(form, 'device') ? (childAt(form, 0) ?? []) : form;
  const className = nameOf(device);
  if (!isElement(device) || className === undefined) throw new XmError('EINVAL', `${show(form)} is no device`);
  const pairs = device.slice(1).map((pair): [string, string] => {
    const [key, value, ...rest] = isElement(pair) ? pair : [];
    if (typeof key !== 'string' || value === undefined || typeof value === 'object' || rest.length > 0) {
      throw new XmError('EINVAL', `${show(pair)} is not the name of a field and its value`);
    }
    return [key, String(value)];
  });
  return { className, config: Object.fromEntries(pairs) };
}

async function attach(xend: Xend, domain: string, form: Sxp): Promise<Sxp> {
  const { className, config } = readDevice(form);
  const made = await xend.methods['device.attach']({ domain, class: className, config, directory: DIRECTORY });
  return stateOf(xend, domain, made);
}

async function configure(xend: Xend, domain: string, form: Sxp, dev: string): Promise<Sxp> {
  const { className, config } = readDevice(form);
  const device = dev === '' ? (config.dev ?? '') : dev;
  const { backend, ...rest } = config;
  if (backend === undefined) throw new XmError('EINVAL', 'backend is missing: nothing else of a device can change');
  const { config: now } = await find(xend, domain, className, device);
  const other = Object.entries(rest).find(([key, value]) => withoutDev(String(now[key])) !== withoutDev(value));
  if (other !== undefined) throw new XmError('EINVAL', `${other[0]} of ${device} cannot change while it is attached`);
  const moved = await xend.methods['device.move']({ domain, class: className, device, backend });
  return stateOf(xend, domain, moved);
}

function stateOf(xend: Xend, domain: string, { class: className, devid }: DeviceInfo): Sxp {
  return xend.forms.devices(domain, className).find((shown) => isElement(shown) && shown[0] === devid) ?? [];
}

/** `/dev/xvda` is `xvda`. */
const withoutDev = (word: string): string => word.replace(/^\/dev\//, '');

/** @throws XmError `ENODEVICE` */
async function find(xend: Xend, domain: string, className: string, word: string): Promise<DeviceInfo> {
  const { devices } = await xend.methods['device.list']({ domain, class: className });
  const found = devices.find(({ devid, name }) => [String(devid), name].includes(withoutDev(word)));
  if (found === undefined) throw new XmError('ENODEVICE', `Device ${word} not connected`);
  return found;
}
