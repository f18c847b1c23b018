// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, XmError } from '../errors.ts';

/** What xend keeps on disk of each running domain, so that the next one knows what a killed one lost. */
export interface StateFiles {
  /**
   * Writes a domain's record: first under another name, then renamed, so that a reader sees all or nothing.
   *
   * @throws XmError `ESTATE` when the directory takes no file
   */
  write(uuid: string, sxp: string): void;
  remove(uuid: string): void;
  /** Records that are there, by uuid; torn or foreign files are left out. */
  list(): readonly { readonly uuid: string; readonly sxp: string }[];
}

/** @param directory made if it is not there */
export function openStateFiles(directory: string): StateFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pathOf = (uuid: string): string => join(directory, `${uuid}.sxp`);
  return {
    write(uuid, sxp) {
      const path = pathOf(uuid);
      const text = `# ${path} ${new Date().toISOString()}\n${sxp}`;
      try {
        writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
        renameSync(`${path}.new`, path);
      } catch (error) {
        throw new XmError('ESTATE', `Cannot write the domain's record: ${messageOf(error)}`, { cause: error });
      }
    },
    remove(uuid) {
      rmSync(pathOf(uuid), { force: true });
    },
    list() {
      const names = readdirSync(directory);
      for (const name of names) if (name.endsWith('.new')) rmSync(join(directory, name), { force: true });
      return names
        .filter((name) => name.endsWith('.sxp'))
        .map((name) => ({ uuid: name.slice(0, -4), sxp: readFileSync(join(directory, name), 'utf8') }));
    },
  };
}
