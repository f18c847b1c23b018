// SPDX-License-Identifier: Apache-2.0
import { didYouMean } from './suggest.ts';
import { UNSUPPORTED, type Unsupported } from './unsupported.ts';

/** Former names of commands (spec/xend.md 4.1 and 4.2), which still do what the new ones do, and say so. */
export const DEPRECATED: ReadonlyMap<string, string> = new Map([
  ['balloon', 'mem-set'],
  ['set-vcpus', 'vcpu-set'],
  ['vif-list', 'network-list'],
  ['vbd-create', 'block-attach'],
  ['vbd-destroy', 'block-detach'],
  ['vbd-list', 'block-list'],
  ['pincpu', 'vcpu-pin'],
  ['maxmem', 'mem-max'],
  ['sedf', 'sched-sedf'],
  ['pool-create', 'cpupool-create'],
  ['pool-new', 'cpupool-new'],
  ['pool-start', 'cpupool-start'],
  ['pool-list', 'cpupool-list'],
  ['pool-destroy', 'cpupool-destroy'],
  ['pool-delete', 'cpupool-delete'],
  ['pool-cpu-add', 'cpupool-cpu-add'],
  ['pool-cpu-remove', 'cpupool-cpu-remove'],
  ['pool-migrate', 'cpupool-migrate'],
]);

/** Names of Xen's `xm` for what has another name here. */
export const RENAMED: ReadonlyMap<string, string> = new Map([['event-monitor', 'events']]);

/** Commands that change nothing: they may be shortened, since the wrong one does no harm. */
export const READING: ReadonlySet<string> = new Set([
  ...['block-list', 'cpupool-list', 'device-classes', 'device-list', 'dmesg', 'doctor', 'domid', 'domname', 'domstate'],
  ...['events', 'idc-list', 'info', 'inspect', 'list', 'log', 'metrics', 'top', 'uptime', 'validate'],
  'vcpu-list',
]);

/** Shortest beginning of a name that stands for it. */
const SHORTEST = 2;

/** What a word in the place of a command is. */
export type NameFound =
  | { readonly kind: 'command'; readonly name: string; readonly note?: string }
  | { readonly kind: 'unsupported'; readonly name: string; readonly reason: Unsupported; readonly note?: string }
  | { readonly kind: 'unknown'; readonly hint: string };

/**
 * Finds what a word that is no command's name stands for: a former name, a command of Xen's that has no meaning here, or
 * the beginning of one command that changes nothing.
 *
 * @param known names of all commands
 */
export function findName(typed: string, known: readonly string[]): NameFound {
  const newer = DEPRECATED.get(typed);
  const name = newer ?? RENAMED.get(typed) ?? typed;
  const note = newer === undefined ? {} : { note: `Command ${typed} is deprecated.  Please use xm ${newer} instead.` };
  if (known.includes(name)) return { kind: 'command', name, ...note };
  const reason = UNSUPPORTED.get(name);
  if (reason !== undefined) return { kind: 'unsupported', name, reason, ...note };
  const meant = typed.length < SHORTEST ? [] : known.filter((other) => other.startsWith(typed));
  const [only, ...others] = meant;
  if (only !== undefined && others.length === 0 && READING.has(only)) return { kind: 'command', name: only };
  return { kind: 'unknown', hint: hintFor(typed, meant, known) };
}

/** @param meant names that begin so */
function hintFor(typed: string, meant: readonly string[], known: readonly string[]): string {
  if (meant.length > 1) return `it may stand for ${meant.join(', ')}`;
  const [near = didYouMean(typed, known)] = meant;
  const list = "'xm help' lists all subcommands";
  return near === undefined ? list : `did you mean '${near}'? ${list}`;
}
