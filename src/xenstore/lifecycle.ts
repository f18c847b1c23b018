// SPDX-License-Identifier: Apache-2.0
import { DOMID_SELF, StoreError } from './contract.ts';
import type { Core } from './core.ts';
import type { Domain } from './domains.ts';
import { removeSubtree } from './operations.ts';
import { homeOf, pathOf } from './paths.ts';
import { ownerOf } from './permissions.ts';
import { INTRODUCE, RELEASE } from './specials.ts';
import { lookup, put, walk } from './tree.ts';
import type { Workspace } from './workspace.ts';

function announce(core: Core, name: string, domid: number): void {
  core.watches.fireSpecial(name, domid, (caller) => core.specials.mayWatch(name, caller));
  core.deliver();
}

/** Makes the domain known, or resets the connections of a known one (spec/primitives.md 1.7). */
export function introduceDomain(core: Core, domid: number): void {
  if (!Number.isInteger(domid) || domid <= 0 || domid >= DOMID_SELF) throw new StoreError('EINVAL', `domid ${domid}`);
  const domain = core.domains.get(domid) ?? core.domains.add(domid);
  if (domain.introduced) {
    for (const connection of [...domain.connections]) connection.renew();
    return;
  }
  domain.introduced = true;
  announce(core, INTRODUCE, domid);
}

/** The store's side of a domain's death (spec/primitives.md 1.7). */
export function releaseDomain(core: Core, domid: number): void {
  const domain = core.domains.get(domid);
  if (domain === undefined || domain === core.control) return;
  core.batch(() => {
    for (const connection of domain.connections) connection.disown();
    core.direct((work) => removeOwned(core, work, domain));
    core.domains.delete(domain);
    if (domain.introduced) announce(core, RELEASE, domid);
  });
}

/** Removes the domain's nodes and all below them, its home first: most often nothing is left to look for then. */
function removeOwned(core: Core, work: Workspace, domain: Domain): void {
  const context = core.contextFor(core.control);
  const home = pathOf(homeOf(domain.domid).slice(1).split('/')).parts;
  for (const parts of [home, []]) {
    const top = domain.usage.nodes > 0 ? lookup(work.root, parts) : undefined;
    if (top === undefined) continue;
    const found: (readonly string[])[] = [];
    walk(top, parts, (node, at) => {
      const owned = ownerOf(node.perms) === domain.domid;
      if (owned) found.push(at);
      return !owned || at.length === 0;
    });
    for (const at of found) {
      if (at.length > 0) removeSubtree(context, work, pathOf(at));
      else disownRoot(core, work);
    }
  }
}

/** The root cannot go: it becomes domain 0's. */
function disownRoot(core: Core, work: Workspace): void {
  const [owner, ...others] = work.root.perms;
  work.charge(owner.domid, -1);
  work.charge(0, 1);
  work.root = put(work.root, [], { ...work.root, perms: [{ ...owner, domid: 0 }, ...others], generation: core.tick() });
}

/** The domain stopped: announced once until it is resumed. */
export function shutdownDomain(core: Core, domid: number): void {
  const domain = core.domains.get(domid);
  if (domain === undefined || !domain.introduced || domain.shutdown) return;
  domain.shutdown = true;
  announce(core, RELEASE, domid);
}
