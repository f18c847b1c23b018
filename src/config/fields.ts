// SPDX-License-Identifier: Apache-2.0
import type { Sxp, SxpNode } from '../sxp/contract.ts';
import { findClass } from './classes.ts';
import type { Context } from './context.ts';
import type { CrashAction, EndAction, VmConfig, XendStartAction, XendStopAction } from './contract.ts';
import { printDevices, readDevices } from './devices.ts';
import { asForms, type Form, group, readValue } from './form.ts';
import { printImage, readImage } from './image.ts';
import { DEDICATED, poolName } from './pool-name.ts';
import { address, type Check, choice, cpuList, domainName, filePath, integer, uuid, vcpuMask } from './values.ts';

/** One field of `(vm ...)`: this row drives reading, printing, help and documentation. */
export interface VmField<K extends keyof VmConfig> {
  readonly name: string;
  /** Its place in {@link VmConfig}. */
  readonly key: K;
  /** How it is written, e.g. `(memory MB)`. */
  readonly syntax: string;
  /** One sentence for users. */
  readonly doc: string;
  /** Absent if the field is required. */
  readonly default?: VmConfig[K];
  /** May be given more than once. */
  readonly repeated?: boolean;
  /** @param forms all forms of that name, at least one @returns the value, or undefined if something was reported */
  readonly read: (forms: readonly Form[], context: Context) => VmConfig[K] | undefined;
  /** The forms that `read` reads. */
  readonly print: (value: VmConfig[K]) => readonly Sxp[];
}

/** A row for any of the keys. */
export type AnyVmField = { [K in keyof VmConfig]: VmField<K> }[keyof VmConfig];

/** MB that a configuration may name: 1 TiB. */
export const MAX_MEMORY = 1024 * 1024;
/** Virtual processors that a configuration may name. */
export const MAX_VCPUS = 128;
const XEND_START_ACTIONS: readonly XendStartAction[] = ['ignore', 'start'];
const XEND_STOP_ACTIONS: readonly XendStopAction[] = ['ignore', 'destroy', 'shutdown', 'suspend'];
const END_ACTIONS: readonly EndAction[] = ['destroy', 'restart', 'preserve', 'rename-restart'];
const CRASH_ACTIONS: readonly CrashAction[] = [...END_ACTIONS, 'coredump-destroy', 'coredump-restart'];

/** The fields of `(vm ...)` (spec/xend.md 2.1 and 2.4), in the order in which they are printed. */
export const vmFields: readonly AnyVmField[] = [
  {
    name: 'name',
    key: 'name',
    syntax: '(name NAME)',
    doc: 'Name of the domain: letters, digits and _ - . : / +, but no number; no other live domain may have it.',
    ...value('name', domainName),
  },
  {
    name: 'memory',
    key: 'memory',
    syntax: '(memory MB)',
    doc: 'Quota in MB for heap and pages; at least 16 with a thread of its own.',
    default: 64,
    ...value('memory', integer(1, MAX_MEMORY)),
  },
  {
    name: 'maxmem',
    key: 'maxMemory',
    syntax: '(maxmem MB)',
    doc: 'Up to which the quota may be raised while it runs (xm mem-set); not at all unless said.',
    default: 0,
    read: ([form], context) => readValue(form!, '', integer(0, MAX_MEMORY), context),
    print: (most) => (most === 0 ? [] : [['maxmem', most]]),
  },
  {
    name: 'on_poweroff',
    key: 'onPoweroff',
    syntax: '(on_poweroff ACTION)',
    doc: 'What happens after the domain powered off: destroy, restart, preserve, or rename-restart.',
    default: 'destroy',
    ...value('on_poweroff', choice(END_ACTIONS)),
  },
  {
    name: 'on_reboot',
    key: 'onReboot',
    syntax: '(on_reboot ACTION)',
    doc: 'What happens after the domain asked for a reboot: destroy, restart, preserve, or rename-restart.',
    default: 'restart',
    ...value('on_reboot', choice(END_ACTIONS)),
  },
  {
    name: 'on_crash',
    key: 'onCrash',
    syntax: '(on_crash ACTION)',
    doc: 'What happens after the domain crashed: destroy, restart, preserve, rename-restart, coredump-destroy, or coredump-restart.',
    default: 'destroy',
    ...value('on_crash', choice(CRASH_ACTIONS)),
  },
  {
    name: 'on_xend_start',
    key: 'onXendStart',
    syntax: '(on_xend_start ACTION)',
    doc: 'What xend does with the domain when it starts, if it keeps it (xm new): ignore, or start.',
    default: 'ignore',
    ...value('on_xend_start', choice(XEND_START_ACTIONS)),
  },
  {
    name: 'on_xend_stop',
    key: 'onXendStop',
    syntax: '(on_xend_stop ACTION)',
    doc: 'How the domain ends when xend stops: at once (ignore, destroy), or with ten seconds for it, asked to (shutdown) or suspended if it is managed (suspend).',
    default: 'ignore',
    ...value('on_xend_stop', choice(XEND_STOP_ACTIONS)),
  },
  {
    name: 'vcpus',
    key: 'vcpus',
    syntax: '(vcpus N)',
    doc: 'Number of virtual processors.',
    default: 1,
    ...value('vcpus', integer(1, MAX_VCPUS)),
  },
  {
    name: 'vcpu_avail',
    key: 'vcpuAvailable',
    syntax: '(vcpu_avail MASK)',
    doc: 'Bit mask of the virtual processors that are there from the start; the first is, and the others stay offline.',
    default: '',
    read: ([form], context) => readValue(form!, '', vcpuMask, context),
    print: (mask) => (mask === '' ? [] : [['vcpu_avail', mask]]),
  },
  {
    name: 'uuid',
    key: 'uuid',
    syntax: '(uuid UUID)',
    doc: 'A uuid that no other domain has; a new one unless said.',
    default: '',
    read: ([form], context) => readValue(form!, '', uuid, context),
    print: (text) => (text === '' ? [] : [['uuid', text]]),
  },
  {
    name: 'cpus',
    key: 'cpus',
    syntax: '(cpus CPUS)',
    doc: 'Processors to which the thread is bound, such as 0,2-3 or 0-3,^1; (cpus (CPUS...)) for each virtual processor, of which the first is it.',
    default: [],
    read: ([form], context) => readCpus(form!, context),
    print: (lists) => (lists.length === 0 ? [] : [['cpus', lists.length === 1 ? lists[0]! : lists]]),
  },
  {
    name: 'pool',
    key: 'pool',
    syntax: '(pool POOL)',
    doc: 'dedicated: a thread of its own; shared, or another pool: one of the many domains of a thread, which it trusts.',
    default: DEDICATED,
    ...value('pool', poolName),
  },
  {
    name: 'device-class',
    key: 'classPaths',
    syntax: '(device-class PATH)',
    doc: "Module of a device class of one's own; repeated for each one. A relative path starts at the configuration.",
    default: [],
    repeated: true,
    read: readClassPaths,
    print: (paths) => paths.map((path) => ['device-class', path]),
  },
  {
    name: 'backend',
    key: 'backends',
    syntax: '(backend (CLASS)...)',
    doc: 'Device classes whose back ends this domain serves.',
    default: [],
    read: ([form], context) => readBackends(form!, context),
    print: (classes) => (classes.length === 0 ? [] : [['backend', ...classes.map((name) => [name])]]),
  },
  {
    name: 'idc',
    key: 'addresses',
    syntax: '(idc ADDRESS)',
    doc: 'An address at which the domain meets others that are given it too; repeated for each one.',
    default: [],
    repeated: true,
    read: readAddresses,
    print: (addresses) => addresses.map((name) => ['idc', name]),
  },
  {
    name: 'vsock',
    key: 'vsock',
    syntax: '(vsock GROUP [ring|argo])',
    doc: 'A group whose domains have virtual sockets to each other and to Domain-0; repeated for each one. argo: without shared memory.',
    default: {},
    repeated: true,
    read: readVsock,
    print: (groups) => Object.entries(groups).map(([name, transport]) => ['vsock', name, transport]),
  },
  {
    name: 'image',
    key: 'image',
    syntax: '(image (js (kernel KERNEL) (args TEXT)))',
    doc: 'What the domain runs.',
    read: ([form], context) => readImage(form!, context),
    print: (image) => [printImage(image)],
  },
  {
    name: 'device',
    key: 'devices',
    syntax: '(device (CLASS (KEY VALUE)...))',
    doc: 'A device; repeated for each one.',
    default: [],
    repeated: true,
    read: readDevices,
    print: printDevices,
  },
];

/** Reading and printing of a field that holds one text. */
function value<T extends string | number>(name: string, check: Check<T>) {
  return {
    read: ([form]: readonly Form[], context: Context) => readValue(form!, '', check, context),
    print: (content: T): readonly Sxp[] => [[name, content]],
  };
}

function readClassPaths(forms: readonly Form[], context: Context): readonly string[] {
  const check = filePath(context.directory);
  return forms.map((form) => readValue(form, '', check, context)).filter((path) => path !== undefined);
}

/** Texts, lists of texts, or the lists of numbers that Xen's xend printed; what is empty says nothing. */
function readCpus(form: Form, context: Context): VmConfig['cpus'] {
  const [only] = form.values;
  const given = form.values.length === 1 && only!.kind === 'list' ? only!.items : form.values;
  return given.flatMap((node) => {
    const text = textIn(node);
    if (text === '') return [];
    const checked = cpuList(text);
    if ('value' in checked) return [checked.value];
    context.report('config-bad-value', `cpus ${checked.problem}`, node.span, checked.hint);
    return [];
  });
}

const textIn = (node: SxpNode): string => (node.kind === 'atom' ? node.text : node.items.map(textIn).join(','));

function readAddresses(forms: readonly Form[], context: Context): readonly string[] {
  const given = forms.flatMap((form) => {
    const name = readValue(form, '', address, context);
    return name === undefined ? [] : [{ name, nameSpan: form.list.span }];
  });
  return [...group(given, { prefix: 'idc: ', known: given.map(({ name }) => name) }, context).keys()];
}

const TRANSPORTS = ['ring', 'argo'] as const;

function readVsock(forms: readonly Form[], context: Context): VmConfig['vsock'] {
  const prefix = 'vsock: ';
  const given = forms.flatMap((form) => {
    const [first, second, ...others] = form.values;
    const name = readValue({ ...form, values: first === undefined ? [] : [first] }, '', address, context);
    const transport: (typeof TRANSPORTS)[number] | undefined =
      second === undefined
        ? 'ring'
        : readValue({ ...form, values: [second, ...others] }, '', choice(TRANSPORTS), context);
    return name === undefined || transport === undefined ? [] : [{ name, nameSpan: form.list.span, transport }];
  });
  const groups = group(given, { prefix, known: given.map(({ name }) => name) }, context);
  return Object.fromEntries([...groups].map(([name, [first]]) => [name, first!.transport]));
}

function readBackends(form: Form, context: Context): readonly string[] {
  const prefix = 'backend: ';
  const named = asForms(form.values, prefix, '(CLASS)', context);
  const found: Form[] = [];
  for (const entry of named) {
    const deviceClass = findClass(entry, context);
    const [extra] = entry.values;
    if (extra !== undefined)
      context.report('config-bad-value', `${prefix}(${entry.name}) holds nothing else`, extra.span);
    if (deviceClass !== undefined) found.push({ ...entry, name: deviceClass.name });
  }
  return [...group(found, { prefix, known: found.map(({ name }) => name) }, context).keys()];
}
