// SPDX-License-Identifier: Apache-2.0
import type { StoreKeeper } from '../xenstore/keeper-contract.ts';
import type { RunPaths } from './paths.ts';

/** What xend publishes of Domain-0 by itself (`mirror.ts`), and what is about domains that end with it. */
const OWN = ['backend', 'control', 'data', 'device', 'domid', 'memory', 'name', 'vm'];

/**
 * What `(xenstore (persist yes))` keeps in the state directory: Domain-0's nodes in `/tool` and in its home. Everything else
 * is about domains, whose threads end with xend. SQLite is loaded only for those who want it.
 *
 * @throws XmError `ESTATE` when the file cannot be used
 */
export async function openStoreKeeper({ xenstoreFile }: RunPaths): Promise<StoreKeeper> {
  const { openKeeper } = await import('../xenstore/keeper.ts');
  const home = '/local/domain/0';
  return openKeeper(xenstoreFile, { below: ['/tool', home], except: OWN.map((name) => `${home}/${name}`) });
}
