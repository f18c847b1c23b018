// SPDX-License-Identifier: Apache-2.0
import type { Span, SxpAtom, SxpNode } from '../../sxp/contract.ts';
import type { Report } from '../../sxp/report.ts';
import { vmFields } from '../fields.ts';
import type { Variable } from './contract.ts';
import { type ReadSpecifier, readAny, readDisk, readPairs } from './devices.ts';
import { atom, form, textsOf } from './nodes.ts';
import { unsupportedVariables } from './unsupported.ts';

/** The variables of a configuration by name, after all of it was evaluated. */
export type Variables = ReadonlyMap<string, Variable>;

/** What a variable says, as texts. */
interface Texts {
  readonly nameSpan: Span;
  readonly texts: readonly SxpAtom[];
}

/** What stands before root and address among the arguments of a kernel (spec/xend.md 2.1). */
const ROOT = 'root=';
const IP = 'ip=';
/** Where the address of an NFS server would stand (spec/xend.md 2.4). */
const NO_NFS_SERVER = '127.0.255.255';
/** MB (spec/xend.md 2.4); a configuration in SXP that says nothing gets less. */
const DEFAULT_MEMORY = '128';

const KERNEL_VARIABLES = ['kernel', 'root', 'extra', 'ip', 'gateway', 'netmask', 'hostname', 'interface', 'dhcp'];

/** What `restart` says about the three endings (spec/xend.md 2.6; `never` is what it was meant to be). */
const RESTART: Readonly<Record<string, readonly string[]>> = {
  onreboot: ['destroy', 'restart', 'destroy'],
  always: ['restart', 'restart', 'restart'],
  never: ['destroy', 'destroy', 'destroy'],
};
const ENDINGS = ['on_poweroff', 'on_reboot', 'on_crash'];

/** Device classes whose back ends a driver domain serves, by the variable that says so (spec/xend.md 2.1). */
const BACKENDS: Readonly<Record<string, string>> = { blkif: 'vbd', netif: 'vif' };

const DEVICES: Readonly<Record<string, ReadSpecifier>> = { disk: readDisk, vif: readPairs('vif'), device: readAny };

/** Fields of `(vm ...)` that are made from other variables; all others are variables of the same name, as Python spells it. */
const COMPOSED = ['image', 'device', 'backend'];
const spelt = (field: string): string => field.replaceAll('-', '_');
const FIELDS = vmFields.filter(({ name }) => !COMPOSED.includes(name));

/** Every variable that means something, or is known to mean nothing. */
export const knownVariables: ReadonlySet<string> = new Set([
  ...FIELDS.map(({ name }) => spelt(name)),
  ...KERNEL_VARIABLES,
  ...Object.keys(BACKENDS),
  ...Object.keys(DEVICES),
  'restart',
  'maxvcpus',
  ...unsupportedVariables.keys(),
]);

/** Variables of which there may be several: a list, or `NAME=VALUE` more than once. */
export const listVariables: ReadonlySet<string> = new Set([
  ...Object.keys(DEVICES),
  ...FIELDS.filter(({ repeated }) => repeated).map(({ name }) => spelt(name)),
]);

/**
 * The `(vm ...)` form that the variables of a configuration say (spec/xend.md 2.4). Its nodes have the places of the values
 * they were made from, so that what is found wrong with the form is shown in the configuration.
 *
 * @param name of the domain, if the variables give none
 */
export function makeVm(variables: Variables, name: string | undefined, report: Report): SxpNode {
  const nowhere: Span = { start: 0, end: 0 };
  const given = withMaxVcpus(readTexts(variables, report), report);
  const text = (key: string): SxpAtom | undefined => given.get(key)?.texts[0];
  refuseUnsupported(given, report);
  const defaults = new Map([['memory', DEFAULT_MEMORY], ...(name === undefined ? [] : [['name', name] as const])]);
  const fields = FIELDS.flatMap(({ name: key, repeated }) => {
    const { nameSpan, texts } = given.get(spelt(key)) ?? { nameSpan: nowhere, texts: [] };
    if (repeated) return texts.map((value) => form(key, nameSpan, value));
    const fallback = defaults.get(key);
    if (texts.length > 0) return [form(key, nameSpan, ...texts)];
    return fallback === undefined ? [] : [form(key, nowhere, atom(fallback, nowhere))];
  });
  const backends = Object.entries(BACKENDS).flatMap(([key, className]) => {
    const wanted = text(key);
    return wanted === undefined || isNothing(wanted.text) ? [] : [form(className, wanted.span)];
  });
  const devices = Object.entries(DEVICES).flatMap(([key, read]) =>
    (given.get(key)?.texts ?? []).flatMap((entry) => read(entry, report) ?? []),
  );
  return form(
    'vm',
    nowhere,
    ...fields,
    ...endings(text('restart'), report),
    ...(backends.length === 0 ? [] : [form('backend', nowhere, ...backends)]),
    form('image', nowhere, form('js', given.get('kernel')?.nameSpan ?? nowhere, ...kernel(text))),
    ...devices,
  );
}

const isNothing = (value: string): boolean => value === '' || value === '0' || value === 'no';

/** The variables that mean something. */
function readTexts(variables: Variables, report: Report): ReadonlyMap<string, Texts> {
  const known = [...variables].filter(([name]) => knownVariables.has(name));
  return new Map(
    known.map(([name, given]) => [name, { nameSpan: given.nameSpan, texts: textsOf(name, given, report) }]),
  );
}

/**
 * With `maxvcpus`, that is how many virtual processors there are, and `vcpus` how many of them are available (spec/xend.md 2.4).
 */
function withMaxVcpus(given: ReadonlyMap<string, Texts>, report: Report): ReadonlyMap<string, Texts> {
  const most = given.get('maxvcpus');
  const [limit] = most?.texts ?? [];
  if (most === undefined || limit === undefined || isNothing(limit.text)) return given;
  const { nameSpan, texts } = given.get('vcpus') ?? { nameSpan: most.nameSpan, texts: [] };
  const [{ text, span } = atom('1', limit.span)] = texts;
  const count = Number(text);
  if (count > Number(limit.text)) {
    report('config-conflict', `vcpus ${text} are more than maxvcpus ${limit.text}`, span);
    return given;
  }
  // What is no such number is reported as that.
  if (!Number.isInteger(count) || count < 1) return given;
  return new Map([
    ['vcpu_avail', { nameSpan, texts: [atom(String(2n ** BigInt(count) - 1n), span)] }],
    ...given,
    ['vcpus', { nameSpan: most.nameSpan, texts: [limit] }],
  ]);
}

function refuseUnsupported(given: ReadonlyMap<string, Texts>, report: Report): void {
  for (const [name, { nameSpan, texts }] of given) {
    // A field that there is now has a meaning, whatever is said about it elsewhere.
    const unsupported = FIELDS.some((field) => field.name === name) ? undefined : unsupportedVariables.get(name);
    if (unsupported === undefined) continue;
    const { reason, nothing } = unsupported;
    if (texts.every(({ text }) => isNothing(text) || text === nothing)) continue;
    report('config-not-supported', `${name} is not supported: ${reason}`, nameSpan);
  }
}

function endings(restart: SxpAtom | undefined, report: Report): readonly SxpNode[] {
  if (restart === undefined || restart.text === '') return [];
  const { text, span } = restart;
  const actions = Object.hasOwn(RESTART, text) ? RESTART[text] : undefined;
  if (actions === undefined) {
    report('config-bad-value', `restart must be one of ${Object.keys(RESTART).join(', ')}`, span);
    return [];
  }
  return ENDINGS.map((name, index) => form(name, span, atom(actions[index]!, span)));
}

/** The kernel, and its command line: address, root, then what is extra. */
function kernel(text: (key: string) => SxpAtom | undefined): readonly SxpNode[] {
  const value = (key: string) => text(key)?.text ?? '';
  const named = text('kernel');
  const address = value('ip');
  const dhcp = value('dhcp') || 'off';
  const parts = [address, NO_NFS_SERVER, value('gateway'), value('netmask'), value('hostname')];
  const network = [...parts, value('interface') || 'eth0', dhcp].join(':');
  const words = [
    address === '' && dhcp === 'off' ? '' : `${IP}${network}`,
    value('root') && `${ROOT}${value('root')}`,
    value('extra'),
  ].filter((word) => word !== '');
  const span = (text('extra') ?? text('root') ?? named)?.span ?? { start: 0, end: 0 };
  return [
    ...(named === undefined ? [] : [form('kernel', named.span, named)]),
    ...(words.length === 0 ? [] : [form('args', span, atom(words.join(' '), span))]),
  ];
}
