// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass, DeviceConfig } from '../devices/contract.ts';
import { childValue, isElement, toSxp } from '../sxp/access.ts';
import type { Sxp, SxpNode } from '../sxp/contract.ts';
import type { Context } from './context.ts';
import type { VmConfig } from './contract.ts';
import type { Form } from './form.ts';
import { printField } from './print.ts';

/** What a record says of a domain beyond its configuration, in the places where Xen's xend said it. */
export interface DomainFacts {
  /** Absent for one that is not there. */
  readonly domid?: number;
  readonly uuid: string;
  readonly times: readonly Sxp[];
  readonly state: readonly Sxp[];
  /** `(device ...)` each. */
  readonly devices: readonly Sxp[];
}

/** Fields of the configuration in the order of spec/xend.md 2.6; those that xend did not have come before the image. */
const BEFORE_TIMES: readonly (keyof VmConfig)[] = [
  ...(['uuid', 'vcpus', 'vcpuAvailable', 'cpus', 'name', 'onPoweroff', 'onReboot', 'onCrash', 'pool'] as const),
  ...(['maxMemory', 'memory', 'onXendStart', 'onXendStop'] as const),
];
const BEFORE_STATE: readonly (keyof VmConfig)[] = ['classPaths', 'backends', 'addresses', 'vsock', 'image'];

/** The field that a record calls otherwise. */
const POOL = 'pool';
const POOL_OF_RECORD = 'pool_name';

/** Fields of a record that are no wish of a configuration but how things were. */
const FACTS: ReadonlySet<string> = new Set([
  ...['domid', 'start_time', 'cpu_time', 'up_time', 'online_vcpus', 'status', 'state', 'shutdown_reason'],
  ...['store_mfn', 'console_mfn'],
]);
const DEVICE_FACTS: ReadonlySet<string> = new Set(['id', 'state']);

/** The `(domain ...)` record of a domain (spec/xend.md 2.6). {@link vmOfDomain} makes a configuration of it again. */
export function domainForm(config: VmConfig, { domid, uuid, times, state, devices }: DomainFacts): Sxp {
  const { memory, maxMemory } = config;
  const shown = { ...config, uuid, maxMemory: Math.max(memory, maxMemory) };
  const fields = (keys: readonly (keyof VmConfig)[]): readonly Sxp[] =>
    keys
      .flatMap((key) => printField(key, shown))
      .map((form) => (isElement(form, POOL) ? [POOL_OF_RECORD, ...form.slice(1)] : form));
  return [
    'domain',
    ...(domid === undefined ? [] : [['domid', domid]]),
    ...fields(BEFORE_TIMES),
    ...times,
    ...fields(BEFORE_STATE),
    ...state,
    ...devices,
  ];
}

/**
 * The `(device ...)` of a record: the keys of a configuration, and how things are.
 *
 * @param facts `id` and `state`; left out where the class has a key of that name
 */
export function deviceForm(
  { name, fields }: Pick<DeviceClass, 'name' | 'fields'>,
  config: DeviceConfig,
  facts: Readonly<Record<string, string | number>> = {},
): Sxp {
  const keys = Object.entries(config).map(([key, value]) => [key, String(value)]);
  const own = Object.entries(facts).filter(([key]) => !Object.hasOwn(fields, key));
  return ['device', [name, ...own, ...keys]];
}

/**
 * What the record of a domain says of its configuration, with the same places: how things were, what holds nothing, and devices
 * that every domain has are left out.
 *
 * @returns undefined for Domain-0, which is reported
 */
export function vmOfDomain(record: Form, context: Context): Form | undefined {
  if (childValue(toSxp(record.list), 'domid') === '0') {
    context.report('config-control-domain', 'this is Domain-0, which xend makes', record.nameSpan, 'leave it out');
    return undefined;
  }
  const values = record.values.map((field) => configured(field, context)).filter((field) => field !== undefined);
  return { ...record, values };
}

/** `(HEAD VALUE...)` in its parts; undefined for anything else. */
function partsOf(node: SxpNode | undefined) {
  const [head, ...values] = node?.kind === 'list' ? node.items : [];
  return node?.kind === 'list' && head?.kind === 'atom' ? { list: node, head, values } : undefined;
}

/** What a configuration has for a field of a record, if it has something. What is no field stays, to be reported. */
function configured(field: SxpNode, context: Context): SxpNode | undefined {
  const parts = partsOf(field);
  if (parts === undefined) return field;
  const { list, head, values } = parts;
  if (FACTS.has(head.text) || values.length === 0) return undefined;
  if (head.text === POOL_OF_RECORD) return { ...list, items: [{ ...head, text: POOL }, ...values] };
  if (head.text !== 'device') return field;
  const device = configuredDevice(values[0], context);
  return device && { ...list, items: [head, device, ...values.slice(1)] };
}

/** A `(CLASS (KEY VALUE)...)` without what is no key; undefined for one that every domain has. */
function configuredDevice(device: SxpNode | undefined, { classes }: Context): SxpNode | undefined {
  const parts = partsOf(device);
  if (parts === undefined) return device;
  const { list, head, values } = parts;
  const { implicit, fields } = classes.find(({ name, aliases }) => [name, ...aliases].includes(head.text)) ?? {};
  const isKey = (key: SxpNode): boolean => {
    const { head: name, values: held } = partsOf(key) ?? {};
    if (name === undefined || held === undefined) return true;
    return held.length > 0 && (!DEVICE_FACTS.has(name.text) || fields?.[name.text] !== undefined);
  };
  return implicit ? undefined : { ...list, items: [head, ...values.filter(isKey)] };
}
