// SPDX-License-Identifier: Apache-2.0
import type { Core } from './core.ts';
import { ownerOf } from './permissions.ts';
import { walk } from './tree.ts';

/** Compares the running accounts with the tree and the watch index. @returns one line per difference */
export function recount(core: Core): string[] {
  const owned = new Map<number, number>();
  walk(core.root, [], (node) => {
    const owner = ownerOf(node.perms);
    owned.set(owner, (owned.get(owner) ?? 0) + 1);
    return true;
  });
  const wrong: string[] = [];
  let watches = 0;
  for (const { domid, usage, connections } of core.domains.all) {
    const nodes = owned.get(domid) ?? 0;
    owned.delete(domid);
    watches += usage.watches;
    if (usage.nodes !== nodes) wrong.push(`domain ${domid} owns ${nodes} nodes, its account says ${usage.nodes}`);
    if (connections.size === 0 && usage.watches + usage.transactions > 0) {
      wrong.push(`domain ${domid} has no connection but ${usage.watches} watches, ${usage.transactions} transactions`);
    }
  }
  for (const [domid, nodes] of owned) wrong.push(`domain ${domid} does not exist but owns ${nodes} nodes`);
  if (core.watches.size !== watches)
    wrong.push(`${core.watches.size} watches are indexed, the accounts say ${watches}`);
  return wrong;
}
