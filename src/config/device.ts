// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass, Field, FieldValue } from '../devices/contract.ts';
import type { Span } from '../sxp/contract.ts';
import { cite } from '../sxp/show.ts';
import type { Context } from './context.ts';
import type { DeviceEntry } from './contract.ts';
import { group, type Named } from './form.ts';
import { anyText, boolean, type Check, choice, domainWord, integer, mac } from './values.ts';

/** A key of a device and its text; `text` is undefined if that was no text, which has been reported. */
export interface GivenKey extends Named {
  readonly text: string | undefined;
  readonly span: Span;
}

const checks: Readonly<Record<Field['type'], (field: Field) => Check<FieldValue>>> = {
  string: () => anyText,
  integer: () => integer(),
  boolean: () => boolean,
  choice: (field) => choice(field.choices ?? []),
  mac: () => mac,
  domain: () => domainWord,
};

/**
 * Checks the keys of one device against its class: unknown, doubled and missing ones, types, the class's own checks; then
 * resolves paths and fills in defaults. Configurations and `xm device-attach` both come through here.
 *
 * @param place where the device is named, for what is missing
 * @returns the device, or undefined if something was reported
 */
export function checkDevice(
  deviceClass: DeviceClass,
  given: readonly GivenKey[],
  place: Span,
  context: Context,
): DeviceEntry | undefined {
  const { name, fields } = deviceClass;
  const prefix = `${name}: `;
  const keys = group(given, { prefix, known: Object.keys(fields) }, context);
  const config: Record<string, FieldValue> = {};
  let valid = given.length === keys.size;
  for (const [key, field] of Object.entries(fields)) {
    const found = keys.get(key)?.[0];
    const value = found === undefined ? field.default : readKey(field, found, prefix, context);
    if (value !== undefined) {
      config[key] = value;
    } else if (found !== undefined) {
      valid = false;
    } else if (field.required) {
      valid = false;
      if (context.complete) context.report('config-missing-field', `${prefix}missing field '${key}'`, place, field.doc);
    }
  }
  return valid ? { class: name, config } : undefined;
}

function readKey(field: Field, given: GivenKey, prefix: string, context: Context): FieldValue | undefined {
  const { name, text, span } = given;
  if (text === undefined) return undefined;
  const checked = checks[field.type](field)(text);
  if (!('value' in checked)) {
    context.report('config-bad-value', `${prefix}${name} ${checked.problem}`, span, checked.hint);
    return undefined;
  }
  const { value } = checked;
  const wrong = field.check?.(value);
  if (wrong !== undefined) {
    context.report('config-bad-value', `${prefix}${name} ${cite(text)}: ${wrong}`, span);
    return undefined;
  }
  return typeof value === 'string' && field.resolve ? field.resolve(value, context.directory) : value;
}
