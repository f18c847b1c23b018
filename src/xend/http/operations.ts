// SPDX-License-Identifier: Apache-2.0
import { isAbsolute } from 'node:path';
import { XmError } from '../../errors.ts';
import { childValue } from '../../sxp/access.ts';
import type { Sxp } from '../../sxp/contract.ts';
import type { Xend } from '../service.ts';
import { CONFIG, FLAG, NUMBER, NUMBERS, oneOf, TEXT } from './kinds.ts';
import { operation, optional, type Parameter } from './operation.ts';

/** Relative paths in what a client of another process sends mean nothing here. */
const DIRECTORY = '/';

const DOMAIN: Parameter<string> = { name: 'domain', kind: TEXT };
const FILE: Parameter<string> = { name: 'file', kind: TEXT };
const DETAIL = optional('detail', FLAG, true);
/** Whether a record holds what only xend itself wants; here it always is the same. */
const FULL = optional('full', FLAG, false);
const STATES = ['all', 'halted', 'paused', 'running', 'suspended', 'shutdown', 'crashed', 'unknown'] as const;
const REASONS = ['poweroff', 'reboot', 'halt'] as const;

/** Which letters of `DomainInfo.state` a state is, `o` for a managed domain that is not there; those that are not here are of none. */
const LETTERS: Partial<Record<(typeof STATES)[number], string>> = {
  all: 'rbpscd-o',
  paused: 'p',
  running: 'rb-',
  shutdown: 'sd',
  halted: 'sdo',
  crashed: 'c',
};

/** The operations of spec/xend.md 5.1 and 5.4 that have a meaning here; what calls them what is in `rpc.ts` and `pages.ts`. */
export const operations = {
  record: operation("A domain's record.", [DOMAIN, FULL], record),
  list: operation('Records of all domains that are there, or without detail their names.', [DETAIL, FULL], list),
  listInState: operation(
    'The same of those in one state, managed ones that are not there too.',
    [DETAIL, optional('state', oneOf(STATES), 'all'), FULL],
    listInState,
  ),
  create: operation(
    "Builds the domain of a (vm ...) form, connects its devices and leaves it paused. Answers with the domain's record.",
    [{ name: 'config', kind: CONFIG }],
    async (xend, text) => {
      const request = { text, file: 'config', directory: DIRECTORY, format: 'sxp', paused: true } as const;
      const { domains } = await xend.methods['domain.create'](request);
      return record(xend, domains[0]?.uuid ?? '');
    },
  ),
  new: operation(
    'Keeps the domain of a (vm ...) form; it is not started.',
    [{ name: 'config', kind: CONFIG }],
    (xend, text) => keep(xend, text),
  ),
  start: operation(
    'Starts a domain that is kept.',
    [DOMAIN, optional('start_paused', FLAG, true)],
    async (xend, domain, paused) => {
      await xend.methods['domain.start']({ domain, paused });
      return null;
    },
  ),
  delete: operation('Forgets a domain that is kept, and is not there.', [DOMAIN], (xend, domain) =>
    xend.methods['domain.delete']({ domain }),
  ),
  lookUp: operation("A domain's record, or nothing if it is not known.", [DOMAIN], lookUp),
  pauseFlag: operation(
    'Whether a user paused the domain: nobody else does that here.',
    [DOMAIN],
    async (xend, domain) =>
      flag((await xend.methods['domain.all']({ names: [domain] }))[0]?.state.includes('p') ?? false),
  ),
  setPauseFlag: operation(
    'For clients that say it after pause, and before unpause: the flag follows these by itself.',
    [DOMAIN, optional('flag', FLAG, false)],
    async (xend, domain) => {
      await xend.methods['domain.all']({ names: [domain] });
      return null;
    },
  ),
  restartCount: operation(
    'How often a domain was restarted by what follows an end.',
    [DOMAIN],
    async (xend, domain) => {
      const { inspection } = await xend.methods.inspect({ domain });
      return 'restarts' in inspection ? inspection.restarts : 0;
    },
  ),
  pause: operation('Pauses a domain.', [DOMAIN], (xend, domain) => xend.methods['domain.pause']({ domain })),
  unpause: operation('Lets a domain run.', [DOMAIN], (xend, domain) => xend.methods['domain.unpause']({ domain })),
  rename: operation('Gives a domain another name.', [DOMAIN, { name: 'name', kind: TEXT }], (xend, domain, name) =>
    xend.methods['domain.rename']({ domain, name }),
  ),
  shutdown: operation(
    'Asks a domain to end; answers at once.',
    [DOMAIN, optional('reason', oneOf(REASONS), 'poweroff')],
    async (xend, domain, reason) => {
      await xend.methods['domain.shutdown']({ domain, reason });
      return null;
    },
  ),
  destroy: operation('Ends a domain; answers when nothing of it is left.', [DOMAIN], (xend, domain) =>
    xend.methods['domain.destroy']({ domain }),
  ),
  save: operation(
    'Writes a domain to a file and, unless that is a checkpoint, ends it.',
    [DOMAIN, FILE, optional('checkpoint', FLAG, false)],
    async (xend, domain, path, checkpoint) => {
      await xend.methods['domain.save']({ domain, path: absolute(path), checkpoint });
      return null;
    },
  ),
  restore: operation(
    "Makes the domain of such a file again. Answers with the domain's record.",
    [FILE, optional('paused', FLAG, false)],
    async (xend, path, paused) => {
      const { uuid } = await xend.methods['domain.restore']({ path: absolute(path), paused });
      return record(xend, uuid);
    },
  ),
  suspend: operation('Saves a managed domain where xend finds it, and ends it.', [DOMAIN], (xend, domain) =>
    xend.methods['domain.suspend']({ domain }),
  ),
  resume: operation(
    "Lets it go on. Answers with the domain's record.",
    [DOMAIN, optional('paused', FLAG, false)],
    async (xend, domain, paused) => {
      const { uuid } = await xend.methods['domain.resume']({ domain, paused });
      return record(xend, uuid);
    },
  ),
  dump: operation(
    "Writes a domain's core to a file, or one that xend names, and may end or reset the domain then.",
    [
      DOMAIN,
      optional('file', TEXT, ''),
      optional('live', FLAG, false),
      optional('crash', FLAG, false),
      optional('reset', FLAG, false),
    ],
    async (xend, domain, path, live, crash, reset) => {
      const after = crash ? { after: 'destroy' as const } : reset ? { after: 'reset' as const } : {};
      await xend.methods['domain.dump']({ domain, ...(path === '' ? {} : { path: absolute(path) }), live, ...after });
      return null;
    },
  ),
  sysrq: operation(
    "Sends a letter to a domain's kernel.",
    [DOMAIN, { name: 'key', kind: TEXT }],
    (xend, domain, letter) => xend.methods['domain.sysrq']({ domain, letter }),
  ),
  trigger: operation(
    'Does what a button or a line of a machine does.',
    [DOMAIN, { name: 'trigger', kind: TEXT }, optional('vcpu', NUMBER, 0)],
    (xend, domain, trigger, vcpu) => xend.methods['domain.trigger']({ domain, trigger, vcpu }),
  ),
  reset: operation('Reboots a domain without asking it.', [DOMAIN], (xend, domain) =>
    xend.methods['domain.reset']({ domain }),
  ),
  setMemory: operation(
    "Changes a domain's quota, MB.",
    [DOMAIN, { name: 'target', kind: NUMBER }],
    (xend, domain, memory) => xend.methods['domain.setMemory']({ domain, memory }),
  ),
  setMaxMemory: operation(
    "Changes up to which a domain's quota may be raised, MB.",
    [DOMAIN, { name: 'memory', kind: NUMBER }],
    (xend, domain, memory) => xend.methods['domain.setMaxMemory']({ domain, memory }),
  ),
  setVcpus: operation(
    'Sets how many virtual processors of a domain are online.',
    [DOMAIN, { name: 'vcpus', kind: NUMBER }],
    (xend, domain, count) => xend.methods['vcpu.set']({ domain, count }),
  ),
  pinVcpu: operation(
    "Binds a domain's thread to processors, as 0,2,3.",
    [DOMAIN, { name: 'vcpu', kind: NUMBER }, { name: 'cpumap', kind: NUMBERS }],
    (xend, domain, vcpu, cpus) => xend.methods['vcpu.pin']({ domain, vcpu, cpus }),
  ),
  vcpus: operation("A domain's virtual processors.", [DOMAIN], vcpuInfo),
  waitForDevices: operation(
    'Its devices are connected: creating it waits for them.',
    [DOMAIN],
    async (xend, domain) => {
      await record(xend, domain);
      return null;
    },
  ),
  info: operation('What the machine is: pairs of names and values.', [], async (xend) =>
    Object.entries(await xend.methods['node.info']({})),
  ),
  log: operation('The text of xend.log.', [], async (xend) =>
    (await xend.methods['log.read']({})).lines.map((line) => `${line}\n`).join(''),
  ),
  dmesg: operation("The hypervisor's messages.", [], async (xend) => (await xend.methods['node.dmesg']({})).text),
  clearDmesg: operation("Empties the hypervisor's messages.", [], async (xend) => {
    await xend.methods['node.dmesg']({ clear: true });
    return null;
  }),
};

/** @throws XmError for a path that would be relative to xend's own directory */
function absolute(path: string): string {
  if (isAbsolute(path)) return path;
  throw new XmError('EINVAL', 'file must be an absolute path');
}

async function keep(xend: Xend, text: string): Promise<null> {
  await xend.methods['domain.new']({ text, file: 'config', directory: DIRECTORY, format: 'sxp' });
  return null;
}

const flag = (on: boolean): number => (on ? 1 : 0);

async function record(xend: Xend, domain: string): Promise<Sxp> {
  return (await xend.forms.domains([domain]))[0] ?? [];
}

async function lookUp(xend: Xend, domain: string): Promise<Sxp | null> {
  try {
    return await record(xend, domain);
  } catch (error) {
    if (error instanceof XmError && error.code === 'ENODOMAIN') return null;
    throw error;
  }
}

async function list(xend: Xend, detail: boolean): Promise<Sxp> {
  return shown((await xend.forms.domains()).filter(isThere), detail);
}

async function listInState(xend: Xend, detail: boolean, state: (typeof STATES)[number]): Promise<Sxp> {
  const letters = LETTERS[state] ?? '';
  const found = (await xend.forms.domains()).filter((form) => letters.includes(letterOf(form)));
  return shown(found, detail);
}

const isThere = (form: Sxp): boolean => childValue(form, 'domid') !== undefined;

/** The letter of a record's state, `-` for none. */
function letterOf(form: Sxp): string {
  return isThere(form) ? (String(childValue(form, 'state')).replaceAll('-', '').at(0) ?? '-') : 'o';
}

function shown(forms: readonly Sxp[], detail: boolean): Sxp {
  return detail ? forms : forms.map((form) => childValue(form, 'name') ?? '');
}

/** `(domain (domid N) (name X) (vcpu_count 1) (vcpu (number 0) ...)...)`, as xend gave it. */
async function vcpuInfo(xend: Xend, domain: string): Promise<Sxp> {
  const { vcpus } = await xend.methods['vcpu.list']({ names: [domain] });
  const [first] = vcpus;
  const forms = vcpus.map(
    ({ vcpu, online, blocked, running, cpuTime, cpu, affinity }): Sxp => [
      'vcpu',
      ['number', vcpu],
      ['online', flag(online)],
      ['blocked', flag(blocked)],
      ['running', flag(running)],
      ['cpu_time', cpuTime.toFixed(3)],
      ['cpu', cpu],
      ['cpumap', [...affinity]],
    ],
  );
  return [
    'domain',
    ['domid', first?.domid ?? 0],
    ['name', first?.name ?? domain],
    ['vcpu_count', vcpus.length],
    ...forms,
  ];
}
