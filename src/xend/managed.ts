// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';
import type { VmConfig } from '../config/contract.ts';
import { printConfig } from '../config/print.ts';
import { messageOf } from '../errors.ts';
import { checkConfig } from './check.ts';
import type { Log } from './log.ts';
import type { DeviceClasses } from './own-classes.ts';
import { openStateFiles, type StateFile } from './state-files.ts';

/** A domain whose configuration xend keeps (`xm new`), whether it runs or not. What runs of it has the same uuid. */
export interface ManagedDomain {
  readonly uuid: string;
  readonly config: VmConfig;
}

/** All of them. They outlive xend: each is a file in the state directory, which holds its `(vm ...)` form. */
export interface ManagedDomains {
  all(): readonly ManagedDomain[];
  /** By name or uuid. */
  find(word: string): ManagedDomain | undefined;
  /** Keeps one, or what it is from now on. @throws XmError `ESTATE`, and it is as it was */
  keep(domain: ManagedDomain): void;
  /** @throws Error when its file cannot be removed, and it is as it was */
  forget(uuid: string): void;
  /**
   * Reads the files. One that is broken is left out, and harms no other.
   *
   * @returns what is wrong with those, a sentence with the place for each one
   */
  load(classes: DeviceClasses): Promise<readonly string[]>;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param directory made if it is not there */
export function openManaged(directory: string, log: Log): ManagedDomains {
  const files = openStateFiles(directory);
  const kept = new Map<string, ManagedDomain>();
  const find = (word: string) => kept.get(word) ?? [...kept.values()].find(({ config }) => config.name === word);

  /** @returns what is wrong with it */
  async function load({ uuid, path, text }: StateFile, classes: DeviceClasses): Promise<string | undefined> {
    if (!UUID.test(uuid)) return `${path}: error: its name is not the uuid of a domain`;
    if (text instanceof Error) return `${path}: error: ${messageOf(text)}`;
    const source = { text, file: path, directory: dirname(path), format: 'sxp' } as const;
    const { configs, result, own } = await checkConfig(source, classes);
    if (configs === undefined) return result.report.trimEnd();
    const [config, ...others] = configs;
    if (config === undefined || others.length > 0) return `${path}: error: it holds ${configs.length} domains`;
    const other = find(config.name);
    if (other !== undefined) return `${path}: error: ${other.uuid}.sxp is called ${config.name} too`;
    own.forEach(classes.adopt);
    kept.set(uuid, { uuid, config });
    return undefined;
  }

  return {
    all: () => [...kept.values()],
    find,
    keep(domain) {
      files.write(domain.uuid, printConfig(domain.config));
      kept.set(domain.uuid, domain);
    },
    forget(uuid) {
      files.remove(uuid);
      kept.delete(uuid);
    },
    async load(classes) {
      const troubles: string[] = [];
      for (const file of files.list()) {
        const wrong = await load(file, classes);
        if (wrong === undefined) continue;
        log.write('ERROR', `A managed domain is left out:\n${wrong}`);
        troubles.push(`a managed domain is left out, ${wrong.split('\n')[0]}`);
      }
      return troubles;
    },
  };
}
