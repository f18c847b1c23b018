// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass } from '../devices/contract.ts';
import type { Span, Sxp } from '../sxp/contract.ts';
import { cite } from '../sxp/show.ts';
import { findConfigurable } from './classes.ts';
import type { Context } from './context.ts';
import type { DeviceEntry } from './contract.ts';
import { checkDevice, type GivenKey } from './device.ts';
import { asForm, asForms, FIELD, type Form, onlyText } from './form.ts';

/** Where each thing that may be there only once was first seen. */
type Seen = Map<string, Span>;

/** Reads all `(device (CLASS (KEY VALUE)...))` forms of a domain, and reports what two of them share but may not. */
export function readDevices(forms: readonly Form[], context: Context): readonly DeviceEntry[] {
  const seen: Seen = new Map();
  return forms.map((form) => readDeviceForm(form, seen, context)).filter((entry) => entry !== undefined);
}

/** The forms {@link readDevices} reads. */
export function printDevices(devices: readonly DeviceEntry[]): readonly Sxp[] {
  return devices.map((entry) => {
    const keys = Object.entries(entry.config).map(([key, value]) => [key, String(value)]);
    return ['device', [entry.class, ...keys]];
  });
}

function readDeviceForm(form: Form, seen: Seen, context: Context): DeviceEntry | undefined {
  const [only, second] = form.values;
  if (only === undefined || second !== undefined) {
    const message = 'device must hold one form: (device (CLASS (KEY VALUE)...))';
    context.report('config-bad-value', message, (second ?? form.list).span);
    return undefined;
  }
  const device = asForm(only, 'device: ', '(CLASS (KEY VALUE)...)', context);
  const deviceClass = device && findConfigurable(device, context);
  if (deviceClass === undefined) return undefined;
  const prefix = `${deviceClass.name}: `;
  const keys = asForms(device!.values, prefix, FIELD, context).map((key): GivenKey => {
    // Of an unknown key only the name is reported.
    const atom = Object.hasOwn(deviceClass.fields, key.name) ? onlyText(key, prefix, context) : undefined;
    return { name: key.name, nameSpan: key.nameSpan, text: atom?.text, span: atom?.span ?? key.nameSpan };
  });
  const entry = checkDevice(deviceClass, keys, device!.nameSpan, context);
  if (entry !== undefined) reportShared(deviceClass, entry, keys, device!.nameSpan, seen, context);
  return entry;
}

function reportShared(
  deviceClass: DeviceClass,
  { config }: DeviceEntry,
  keys: readonly GivenKey[],
  place: Span,
  seen: Seen,
  context: Context,
): void {
  /** Reports a second `what`; `id` tells different ones apart. */
  const once = (id: string, what: string, span: Span): boolean => {
    const first = seen.get(id);
    if (first === undefined) seen.set(id, span);
    else context.report('config-duplicate-device', `${what} twice, first${context.place(first)}`, span);
    return first === undefined;
  };
  let single = true;
  for (const { name, text, span } of keys) {
    if (!deviceClass.fields[name]?.unique) continue;
    const id = JSON.stringify([deviceClass.name, name, config[name]]);
    single = once(id, `${deviceClass.name}: ${name} ${cite(text ?? '')} is used`, span) && single;
  }
  const devid = deviceClass.devid(config);
  if (!single || devid === undefined) return;
  const names = deviceClass.names(config);
  const span = keys.find(({ text }) => text !== undefined && names.includes(text))?.span ?? place;
  once(JSON.stringify([deviceClass.name, devid]), `device ${cite(names[0] ?? String(devid))} is defined`, span);
}
