// SPDX-License-Identifier: Apache-2.0
import type { XenstoreClient } from '../xenstore/client-contract.ts';
import { type Agreement, formatLevel, parseLevel } from './rendezvous-level.ts';
import type { Level } from './rendezvous-machine.ts';

/** Where addresses are. xend makes the directory of an address, and in it one for each domain that is given the address. */
export const ADDRESSES = '/idc';

/** The directory of an address. */
export function addressPath(address: string): string {
  return `${ADDRESSES}/${address}`;
}

/** An end's view of its address in the store. Calls reject with the store's errors. */
export interface EndStore {
  /** The node of this end. */
  readonly path: string;
  /** The other ends that are there now; none while the address is not given. */
  others(): Promise<readonly Level[]>;
  publish(level: Level): Promise<void>;
  retract(): Promise<void>;
}

export function endStore(
  xs: XenstoreClient,
  address: string,
  domid: number,
  name: string,
  wanted: Agreement,
): EndStore {
  const directory = addressPath(address);
  const path = `${directory}/${domid}/${name}`;

  async function readEnd(holder: string, end: string): Promise<Level | undefined> {
    const text = await orNothing(xs.read(`${directory}/${holder}/${end}`), '');
    return parseLevel(Number(holder), end, text, wanted);
  }

  async function readHolder(holder: string): Promise<readonly (Level | undefined)[]> {
    const names = await orNothing(xs.ls(`${directory}/${holder}`), []);
    return Promise.all(names.filter((end) => end !== name).map((end) => readEnd(holder, end)));
  }

  return {
    path,
    async others() {
      const holders = await orNothing(xs.ls(directory), []);
      const ends = await Promise.all(holders.map(readHolder));
      return ends.flat().filter((level) => level !== undefined);
    },
    publish: (level) => xs.write(path, formatLevel(level, wanted)),
    retract: () => orNothing(xs.rm(path), undefined),
  };
}

/** What is not there, or no longer, or not for us, is nothing; other errors are errors. */
async function orNothing<T>(asked: Promise<T>, nothing: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const { errno } = error as { errno?: string };
    if (errno === 'ENOENT' || errno === 'EACCES') return nothing;
    throw error;
  }
}
