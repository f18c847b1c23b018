// SPDX-License-Identifier: Apache-2.0
import type { BackInterface } from '../../src/domain/contract.ts';

/** A back end whose phases, its making too, end when a test says so. */

/** What was begun and ended, in this order, e.g. `+open` and `-open`. */
export const heard: string[] = [];

/** What the phases wait for. Those of no entry end at once. */
export const held = new Map<string, Promise<void>>();

async function phase(name: string): Promise<void> {
  heard.push(`+${name}`);
  await held.get(name);
  heard.push(`-${name}`);
}

const made: BackInterface = {
  open: () => phase('open'),
  connect: () => phase('connect'),
  disconnect: () => phase('disconnect'),
  close: () => phase('close'),
};

/** Like that of a user's own class, which may give a promise. */
export default async function make(): Promise<BackInterface> {
  await phase('create');
  return made;
}
