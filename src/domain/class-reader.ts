// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { OwnModules } from '../devices/contract.ts';
import type { OwnDescription } from '../devices/define.ts';
import { XmError } from '../errors.ts';
import type { ClassFinding, ClassThreadData } from './class-thread.ts';
import { endOf, findModule, readablePaths, startWorker } from './launch.ts';

/** Limit of the heap in which a class is read, MB. */
const HEAP = 64;

/** A class of a user's own, read. */
export interface ReadClass {
  readonly description: OwnDescription;
  /** Of the module that was named. */
  readonly url: string;
  readonly own: OwnModules;
}

/**
 * Reads a class of a user's own in a thread for that alone: what its modules do when they are loaded harms nobody.
 *
 * @param path absolute
 * @param limit milliseconds that loading may take
 * @throws XmError `ENOCLASS` that says what is wrong with it, in one line
 */
export async function readClass(path: string, limit: number): Promise<ReadClass> {
  const { href: url } = pathToFileURL(findModule(path, 'the device class', 'ENOCLASS'));
  const workerData: ClassThreadData = { url };
  const readable = readablePaths({ kernel: undefined, fronts: [{ name: '', module: url }] });
  const worker = startWorker('domain/class-thread', 'class', readable, HEAP, { workerData });
  const ended = endOf(worker);
  let finding: ClassFinding | undefined;
  worker.once('message', (found: ClassFinding) => {
    finding = found;
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void worker.terminate();
  }, limit);
  const { exitCode, error } = await ended.finally(() => clearTimeout(timer));
  if (finding !== undefined && 'sources' in finding) {
    const { description, sources } = finding;
    const version = createHash('sha256').update(JSON.stringify(sources)).digest('hex').slice(0, 16);
    return { description, url, own: { path, version, sources } };
  }
  const why = late
    ? `it was not loaded within ${limit / 1000} s`
    : (error?.message ?? `its thread ended before, status ${exitCode}`);
  throw new XmError('ENOCLASS', `Cannot load the device class "${path}": ${finding?.problem ?? why}`);
}
