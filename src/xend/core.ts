// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { printConfig } from '../config/print.ts';
import { latestOutput } from '../devices/console/page.ts';
import { makeDirectory } from '../directories.ts';
import { XmError } from '../errors.ts';
import { PAGE_SIZE } from '../hv/contract.ts';
import type { Sxp } from '../sxp/contract.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { XendContext } from './context.ts';
import { stateLetters, type XendDomain } from './domain.ts';
import { type Content, createGuestFile } from './guest-file.ts';
import { currentConfig } from './saved-file.ts';
import { VERSION } from './version.ts';

/**
 * Writes what a domain has to a file of the form of `guest-file.ts`, kind `core`. Its sections:
 *
 * - `core`: `(core ...)` as text: who it was and why it ended, extents (with the offset of each in `pages`), grant table, event
 *   channels
 * - `config`: its `(vm ...)`
 * - `console`: the last bytes that its kernel wrote there, 2048 at most: what the console's ring holds
 * - `pages`: the extents one after another
 *
 * The heap of the kernel is not in it, nor are hidden pages, which no domain can see either.
 *
 * @throws XmError `EFILE` when it cannot be written
 */
export async function writeCore(context: XendContext, domain: XendDomain, path: string): Promise<void> {
  const contents = context.hv.contents(domain.domid);
  if (contents === undefined) throw new XmError('ENOCORE', `Nothing is left of domain '${domain.name}'`);
  await using file = await createGuestFile(path, 'core');
  const pages = contents.extents.map(({ buffer }) => new Uint8Array(buffer));
  let offset = 0;
  const extents = contents.extents.map(({ id, order, buffer }): Sxp => {
    const form: Sxp = ['extent', ['id', id], ['order', order], ['offset', offset]];
    offset += buffer.byteLength;
    return form;
  });
  const about: Sxp = [
    'core',
    ['name', domain.name],
    ['domid', domain.domid],
    ['uuid', domain.uuid],
    ['time', new Date().toISOString()],
    ['xm', VERSION],
    ['state', stateLetters(domain, false)],
    ...(domain.shutdownReason === undefined ? [] : [['reason', domain.shutdownReason]]),
    ['memory', ['page_size', PAGE_SIZE], ['used', contents.usedPages], ['quota', contents.quotaPages]],
    ...extents,
    ...contents.grants.map((grant): Sxp => ['grant', ...fieldsOf({ ...grant })]),
    ...contents.channels.map((channel): Sxp => ['evtchn', ...fieldsOf({ ...channel })]),
  ];
  const config = printConfig(currentConfig(domain));
  await file.write({
    core: [Buffer.from(prettyPrint(about))],
    config: [Buffer.from(config)],
    console: consoleOf(context, domain),
    pages,
  });
  file.keep();
  context.log.write('INFO', `Core of domain ${domain.name} (id=${domain.domid}) is in ${path}`);
}

const fieldsOf = (record: Readonly<Record<string, string | number | boolean | undefined>>): readonly Sxp[] =>
  Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));

function consoleOf({ hv }: XendContext, domain: XendDomain): Content {
  const { connection } = domain.devices.get('console:0') ?? {};
  const page = connection && hv.peek(domain.domid, connection.frames[0] ?? -1);
  return page === undefined ? [] : [latestOutput(page)];
}

/**
 * A path for a core that nobody names, in a directory that is made:
 * `dump/NAME/YYYY-MMDD-HHMM.SS-NAME.ID.core` in the state directory (spec/xend.md 2.7).
 *
 * @throws XmError `EDIRECTORY`
 */
export function newCorePath({ paths }: XendContext, { name, domid }: XendDomain): string {
  // A name may have slashes, and dots.
  const word = name.replaceAll('/', '_').replace(/^\./, '_');
  const [, year, month, day, hour, minute, second] = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)/.exec(
    new Date().toISOString(),
  )!;
  const time = `${year}-${month}${day}-${hour}${minute}.${second}`;
  const directory = join(paths.dumpDir, word);
  makeDirectory(directory);
  return join(directory, `${time}-${word}.${domid}.core`);
}
