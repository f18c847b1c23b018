// SPDX-License-Identifier: Apache-2.0
import { isAbsolute } from 'node:path';
import { XmError } from '../../errors.ts';
import { cite } from '../../sxp/show.ts';
import type { XendApi, XendMethod } from '../contract.ts';
import { LOG_LEVELS } from '../log-line.ts';

/** What a parameter may be. */
interface Kind {
  /** Ends `PARAMETER must be ...`. */
  readonly what: string;
  readonly holds: (value: unknown) => boolean;
  readonly optional?: boolean;
}

/** Longest time that a timer can wait, in seconds. */
const MAX_SECONDS = Math.floor((2 ** 31 - 1) / 1000);
const REASONS: readonly unknown[] = ['poweroff', 'reboot', 'halt'];

const isText = (value: unknown): value is string => typeof value === 'string';
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
const isSeconds = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= MAX_SECONDS;

const TEXT: Kind = { what: 'a text', holds: isText };
const FLAG: Kind = { what: 'true or false', holds: (value) => typeof value === 'boolean' };
const TEXTS: Kind = { what: 'a list of texts', holds: (value) => Array.isArray(value) && value.every(isText) };
const PAIRS: Kind = {
  what: 'an object of texts',
  holds: (value) => isRecord(value) && Object.values(value).every(isText),
};
const ABSOLUTE: Kind = { what: 'an absolute path', holds: (value) => isText(value) && isAbsolute(value) };
const REASON: Kind = { what: REASONS.join(', '), holds: (value) => REASONS.includes(value) };
const AFTER: Kind = { what: 'destroy or reset', holds: (value) => value === 'destroy' || value === 'reset' };
const ROLE: Kind = { what: 'client or server', holds: (value) => value === 'client' || value === 'server' };
const SECONDS: Kind = { what: `a number of seconds from 0 to ${MAX_SECONDS}`, holds: isSeconds };
const COUNT: Kind = { what: 'a positive whole number', holds: isCount };
const SIZE: Kind = { what: 'a number of bytes', holds: (value) => value === 0 || isCount(value) };
const WHOLE: Kind = { what: 'a whole number, not negative', holds: (value) => value === 0 || isCount(value) };
const LEVEL: Kind = {
  what: LOG_LEVELS.join(', '),
  holds: (value) => (LOG_LEVELS as readonly unknown[]).includes(value),
};
const NUMBER: Kind = { what: 'a number from 0', holds: (value) => value === 0 || isCount(value) };
const WHOLES: Kind = {
  what: 'a list of whole numbers, none of them negative',
  holds: (value) => Array.isArray(value) && value.length > 0 && value.every(WHOLE.holds),
};
const INTEGER: Kind = { what: 'a whole number', holds: Number.isSafeInteger };
const TIME: Kind = { what: 'a number of milliseconds', holds: Number.isFinite };
const optional = (kind: Kind): Kind => ({ ...kind, optional: true });

const TRANSPORT: Kind = { what: 'ring or argo', holds: (value) => value === 'ring' || value === 'argo' };
const PORT: Kind = {
  what: 'a port from 0 to 4294967295',
  holds: (value) => Number.isInteger(value) && (value as number) >>> 0 === value,
};
const NAMES = { names: optional(TEXTS) };
const DOMAIN = { domain: TEXT };
const POOL = { pool: TEXT };
const END: Kind = { what: 'front or back', holds: (value) => value === 'front' || value === 'back' };
const DRIVER = { ...DOMAIN, class: TEXT, end: END };
const FORMAT: Kind = { what: 'sxp', holds: (value) => value === 'sxp' };
const CONFIG = {
  text: TEXT,
  file: TEXT,
  directory: ABSOLUTE,
  format: optional(FORMAT),
  variables: optional(TEXTS),
  number: optional(COUNT),
};

/** The parameters of each method, as `contract.ts` has them. */
const PARAMETERS: {
  readonly [M in XendMethod]: { readonly [P in keyof Required<XendApi[M]['params']>]: Kind };
} = {
  'domain.create': { ...CONFIG, paused: optional(FLAG), timeout: optional(SECONDS) },
  'domain.new': CONFIG,
  'domain.start': { ...DOMAIN, paused: optional(FLAG), timeout: optional(SECONDS) },
  'domain.delete': DOMAIN,
  'domain.list': NAMES,
  'domain.all': NAMES,
  'domain.records': NAMES,
  'domain.pause': DOMAIN,
  'domain.unpause': DOMAIN,
  'domain.rename': { ...DOMAIN, name: TEXT },
  'domain.shutdown': { ...DOMAIN, reason: REASON, wait: optional(FLAG), timeout: optional(SECONDS) },
  'domain.destroy': DOMAIN,
  'domain.save': { ...DOMAIN, path: ABSOLUTE, checkpoint: optional(FLAG), timeout: optional(SECONDS) },
  'domain.restore': { path: ABSOLUTE, paused: optional(FLAG) },
  'domain.suspend': { ...DOMAIN, timeout: optional(SECONDS) },
  'domain.resume': { ...DOMAIN, paused: optional(FLAG) },
  'domain.dump': { ...DOMAIN, path: optional(ABSOLUTE), live: optional(FLAG), after: optional(AFTER) },
  'domain.setMemory': { ...DOMAIN, memory: COUNT },
  'domain.setMaxMemory': { ...DOMAIN, memory: COUNT },
  'domain.reset': DOMAIN,
  'domain.sysrq': { ...DOMAIN, letter: TEXT },
  'domain.trigger': { ...DOMAIN, trigger: TEXT, vcpu: optional(NUMBER) },
  'domain.console': DOMAIN,
  'domain.consoleLog': DOMAIN,
  'device.attach': { ...DOMAIN, class: TEXT, path: optional(ABSOLUTE), config: PAIRS, directory: ABSOLUTE },
  'device.detach': { ...DOMAIN, class: TEXT, device: TEXT, force: optional(FLAG) },
  'device.move': { ...DOMAIN, class: TEXT, device: TEXT, backend: TEXT, force: optional(FLAG) },
  'driver.unload': DRIVER,
  'driver.load': DRIVER,
  'device.list': { ...DOMAIN, class: optional(TEXT) },
  'device.classes': { class: optional(TEXT), path: optional(ABSOLUTE) },
  inspect: { ...DOMAIN, device: optional(TEXT) },
  'idc.list': {},
  'idc.ping': { ...DOMAIN, address: TEXT, count: COUNT, size: SIZE, polled: optional(FLAG) },
  'idc.cycle': { address: TEXT },
  'vchan.node': {
    ...DOMAIN,
    role: ROLE,
    path: TEXT,
    left: optional(SIZE),
    right: optional(SIZE),
    wait: optional(FLAG),
  },
  'viptables.add': { from: TEXT, to: TEXT, accept: FLAG, at: optional(COUNT) },
  'viptables.del': { at: COUNT },
  'viptables.list': {},
  'vcpu.list': NAMES,
  'vcpu.pin': { ...DOMAIN, vcpu: optional(WHOLE), cpus: optional(WHOLES) },
  'vcpu.set': { ...DOMAIN, count: INTEGER },
  'pool.list': NAMES,
  'pool.create': { text: TEXT, file: TEXT, variables: optional(TEXTS), kept: optional(FLAG) },
  'pool.start': POOL,
  'pool.destroy': POOL,
  'pool.delete': POOL,
  'pool.addThread': { ...POOL, number: COUNT },
  'pool.removeThread': { ...POOL, number: COUNT },
  'pool.migrate': { ...DOMAIN, ...POOL },
  'vsock.setup': { domains: TEXTS, transport: optional(TRANSPORT) },
  'vsock.list': {},
  'vsock.node': { domain: optional(TEXT), port: PORT },
  'vsock.forward': { ...DOMAIN, port: PORT, path: optional(ABSOLUTE) },
  'config.parameters': { text: TEXT, file: TEXT },
  'config.check': { ...CONFIG, any: optional(FLAG) },
  'node.config': {},
  'node.info': {},
  'node.dmesg': { clear: optional(FLAG) },
  'log.read': {
    lines: optional(WHOLE),
    since: optional(TIME),
    until: optional(TIME),
    level: optional(LEVEL),
    domains: optional(TEXTS),
  },
  'trace.start': { records: optional(COUNT) },
  'trace.stop': {},
  'trace.dump': {},
  'events.read': { since: optional(TIME), filters: optional(TEXTS) },
  stats: {},
  'ring.messages': {
    domid: WHOLE,
    backId: WHOLE,
    class: TEXT,
    device: TEXT,
    evtchn: INTEGER,
    direction: TEXT,
    count: optional(COUNT),
  },
  'channel.list': {},
  'grant.list': {},
  metrics: {},
  stalls: {},
  'xend.status': {},
  'xend.stop': {},
};

/**
 * Checks what a client sent before a method sees it.
 *
 * @throws XmError `EINVAL` that names the parameter
 */
export function checkParams<M extends XendMethod>(method: M, given: unknown): XendApi[M]['params'] {
  if (!isRecord(given)) throw new XmError('EINVAL', 'The request is not a JSON object');
  const known: Readonly<Record<string, Kind>> = PARAMETERS[method];
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw new XmError('EINVAL', `${method} has no parameter ${cite(unknown)}`);
  for (const [name, kind] of Object.entries(known)) {
    const value = given[name];
    if (value === undefined && kind.optional) continue;
    if (!kind.holds(value)) throw new XmError('EINVAL', `${method}: ${name} must be ${kind.what}`);
  }
  return given as XendApi[M]['params'];
}
