// SPDX-License-Identifier: Apache-2.0
import type { DeviceEntry, VmConfig } from '../config/contract.ts';
import { printConfig } from '../config/print.ts';
import type { DeviceClass } from '../devices/contract.ts';
import { STATE_LIMIT } from '../domain/hooks.ts';
import { XmError } from '../errors.ts';
import { children, childValue, toSxp } from '../sxp/access.ts';
import type { Sxp } from '../sxp/contract.ts';
import { parse } from '../sxp/parse.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import { checkConfig } from './check.ts';
import type { ConfigText } from './contract.ts';
import { type Device, lastingConfig } from './device.ts';
import type { XendDomain } from './domain.ts';
import type { Content } from './guest-file.ts';
import { readGuestFile } from './guest-file-read.ts';
import type { DeviceClasses } from './own-classes.ts';
import { VERSION } from './version.ts';

/** Sections of a saved domain, and the most bytes of each; `state` is what its kernel gave. */
const LIMITS = { saved: 2 ** 20, config: 4 * 2 ** 20, state: STATE_LIMIT };

/** A domain as it comes from a file. */
export interface SavedDomain {
  readonly uuid: string;
  readonly config: VmConfig;
  /** Classes of the user's own that it names, as they are now. */
  readonly own: readonly DeviceClass[];
  readonly state: Uint8Array;
}

/** The configuration of a domain with the devices that it has now, not those that it began with. */
export function currentConfig({ config, devices }: Pick<XendDomain, 'config' | 'devices'>): VmConfig {
  const configured = [...devices.values()].filter(({ class: { implicit } }) => !implicit);
  return { ...config, devices: configured.map(entryOf) };
}

function entryOf(device: Device): DeviceEntry {
  return { class: device.class.name, config: lastingConfig(device), devid: device.devid };
}

/**
 * @throws XmError when what a domain has now could not be made again from a text, as when two of its disks, which were added while
 * it ran, are one file
 */
export async function requireReadable(domain: XendDomain, classes: DeviceClasses): Promise<void> {
  const { configs, result } = await checkConfig(textOf(currentConfig(domain), 'its configuration'), classes);
  if (configs !== undefined) return;
  throw new XmError(
    'ESAVE',
    `Cannot save domain '${domain.name}': it could not be made again:\n${result.report.trimEnd()}`,
  );
}

const textOf = (config: VmConfig, file: string): ConfigText => ({
  text: printConfig(config),
  file,
  directory: '/',
  format: 'sxp',
});

/** The sections of a domain's file. @param state what its kernel gave */
export function savedSections(domain: XendDomain, state: Uint8Array): Readonly<Record<keyof typeof LIMITS, Content>> {
  const config = currentConfig(domain);
  const about: Sxp = [
    'saved',
    ['name', domain.name],
    ['uuid', domain.uuid],
    ['time', new Date().toISOString()],
    ['xm', VERSION],
    // Some classes number their devices in the order in which they come.
    ['devids', ...config.devices.map(({ devid = -1 }) => devid)],
  ];
  return { saved: [Buffer.from(prettyPrint(about))], config: [Buffer.from(printConfig(config))], state: [state] };
}

/**
 * Reads a domain's file; nothing is made yet.
 *
 * @throws XmError that names the place of what is wrong
 */
export async function readSaved(path: string, classes: DeviceClasses): Promise<SavedDomain> {
  const sections = await readGuestFile(path, 'save', LIMITS);
  const bad = (section: string, what: string) =>
    new XmError('EBADFILE', `Not a valid guest state file, "${path}": section ${section}: ${what}`);
  const text = String(sections.config);
  const { configs, result, own } = await checkConfig(
    { text, file: `${path} (config)`, directory: '/', format: 'sxp' },
    classes,
  );
  const [config, ...others] = configs ?? [];
  if (config === undefined) throw bad('config', `it cannot be used now:\n${result.report.trimEnd()}`);
  if (others.length > 0) throw bad('config', 'it is of several domains');
  const [form] = parse({ name: path, text: String(sections.saved) }).forms;
  const about: Sxp = form === undefined ? [] : toSxp(form);
  const uuid = String(childValue(about, 'uuid'));
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) throw bad('saved', 'there is no uuid');
  const devids = children(children(about, 'devids')[0] ?? []).map(Number);
  const numbered = devids.length === config.devices.length && devids.every(Number.isSafeInteger);
  if (!numbered) throw bad('saved', `there are not ${config.devices.length} numbers of devices`);
  const devices = config.devices.map((entry, index) => ({ ...entry, devid: devids[index]! }));
  return { uuid, config: { ...config, devices }, own, state: sections.state };
}
