// SPDX-License-Identifier: Apache-2.0
import type { Domain } from 'xenidc';

/** The number of the other domain that was given the address, as soon as there is one. */
export async function otherDomain({ domid, xenstore, args }: Domain): Promise<number> {
  const directory = `/idc/${args.address}`;
  for await (const _ of xenstore.watch(directory)) {
    const other = (await xenstore.ls(directory)).map(Number).find((holder) => holder !== domid);
    if (other !== undefined) return other;
  }
  throw new Error('the store ended');
}
