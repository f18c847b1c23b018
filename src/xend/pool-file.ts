// SPDX-License-Identifier: Apache-2.0
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isThreadNumber, type PoolConfig } from '../config/pool.ts';
import { messageOf, XmError } from '../errors.ts';
import { childValue, isElement, toSxp } from '../sxp/access.ts';
import { parse } from '../sxp/parse.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import { cite } from '../sxp/show.ts';
import type { Log } from './log.ts';

/** Pools that outlive xend, on disk: `(cpupool (name NAME) (threads (1 2)))` each. */
export interface PoolFile {
  read(): readonly PoolConfig[];
  /** @throws XmError `ESTATE` when it cannot be written */
  write(pools: readonly PoolConfig[]): void;
}

/** @param path of the file; need not exist */
export function openPoolFile(path: string, log: Log): PoolFile {
  return {
    read() {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch {
        return [];
      }
      const { forms, diagnostics } = parse({ name: path, text });
      for (const { message } of diagnostics) log.write('ERROR', `${path}: ${message}`);
      return forms.map(toSxp).flatMap((form) => {
        const name = childValue(form, 'name');
        // Where the text is torn, which is said already.
        if (typeof name !== 'string') return [];
        const value = childValue(form, 'threads');
        const threads = isElement(value) ? value.map(Number) : [];
        if (threads.length > 0 && threads.every(isThreadNumber)) return [{ name, threads }];
        log.write('ERROR', `${path}: pool ${cite(name)} has no numbers of threads`);
        return [];
      });
    },
    write(pools) {
      const text = pools
        .map(({ name, threads }) => prettyPrint(['cpupool', ['name', name], ['threads', [...threads]]]))
        .join('');
      try {
        writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
        renameSync(`${path}.new`, path);
      } catch (error) {
        throw new XmError('ESTATE', `Cannot write the pools: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}
