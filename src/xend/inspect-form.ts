// SPDX-License-Identifier: Apache-2.0
import { configToSxp } from '../config/print.ts';
import type { Sxp } from '../sxp/contract.ts';
import type { DeviceInspection, DomainInspection } from './inspect-contract.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What `xm inspect -o sxp` shows: `(domain (NAME VALUE)...)` or `(device ...)`; lists are of their items, objects of their pairs. */
export function inspectionForm(inspection: DomainInspection | DeviceInspection): Sxp {
  if ('class' in inspection) return formOf('device', inspection);
  const { config, ...rest } = inspection;
  const form = formOf('domain', rest);
  return config === undefined ? form : [...form, ['config', configToSxp(config)]];
}

function formOf(name: string, value: object): readonly Sxp[] {
  const plain: Json = JSON.parse(JSON.stringify(value));
  return [name, ...itemsOf(plain)];
}

function itemsOf(value: Json): readonly Sxp[] {
  if (value === null) return [];
  if (typeof value === 'object') {
    return isList(value) ? value.map(itemOf) : Object.entries(value).map(([key, item]) => [key, ...itemsOf(item)]);
  }
  return [typeof value === 'boolean' ? String(value) : value];
}

function itemOf(value: Json): Sxp {
  const items = itemsOf(value);
  return value !== null && typeof value === 'object' ? items : (items[0] ?? '');
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
