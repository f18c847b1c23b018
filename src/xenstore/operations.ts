// SPDX-License-Identifier: Apache-2.0
import { withChild } from './children.ts';
import { type Listing, StoreError } from './contract.ts';
import { ancestorOf, type StorePath } from './paths.ts';
import { inherit, isOwner, ownerOf, type Perms, READ, rightsOf, settle, WRITE } from './permissions.ts';
import { enforce, nodeSize } from './quotas.ts';
import { childNames, cut, listingOf, lookup, makeNode, nearest, put, type TreeNode, walk } from './tree.ts';
import type { Context, Workspace } from './workspace.ts';

/**
 * The node, if the caller has the wanted rights; undefined if it is missing and the caller has them on the nearest
 * ancestor. Otherwise EACCES, so that a caller without rights cannot tell "absent" from "forbidden".
 */
function seek(context: Context, work: Workspace, path: StorePath, want: number): TreeNode | undefined {
  work.touch(path);
  const { node, depth } = nearest(work.root, path.parts);
  // What is answered for a missing node depends on what there is instead.
  if (depth < path.parts.length) work.touch(ancestorOf(path, depth));
  if ((rightsOf(node.perms, node.generation, context.caller) & want) !== want)
    throw new StoreError('EACCES', path.text);
  return depth === path.parts.length ? node : undefined;
}

function need(context: Context, work: Workspace, path: StorePath, want: number): TreeNode {
  const node = seek(context, work, path, want);
  if (node === undefined) throw new StoreError('ENOENT', path.text);
  return node;
}

const liveGeneration = (context: Context) => (domid: number) => context.domains.get(domid)?.generation;

/** The node's list, with the entries of dead domains marked before its generation moves on. */
const settled = (context: Context, node: TreeNode): Perms =>
  settle(node.perms, node.generation, liveGeneration(context));

/** The node of a new generation, with other contents. */
const renewed = (context: Context, node: TreeNode, contents: Partial<TreeNode> = {}): TreeNode => ({
  ...node,
  perms: settled(context, node),
  generation: context.tick(),
  ...contents,
});

export function read(context: Context, work: Workspace, path: StorePath): string {
  return need(context, work, path, READ).value;
}

export function directory(context: Context, work: Workspace, path: StorePath): string[] {
  return childNames(need(context, work, path, READ));
}

export function listing(context: Context, work: Workspace, path: StorePath): Listing {
  return listingOf(need(context, work, path, READ));
}

export function getPerms(context: Context, work: Workspace, path: StorePath): Perms {
  return need(context, work, path, READ).perms;
}

export function write(context: Context, work: Workspace, path: StorePath, value: string): void {
  const node = seek(context, work, path, WRITE);
  if (node === undefined) {
    create(context, work, path, value);
    return;
  }
  enforce(context.quotas, 'node-size', context.caller, nodeSize(node.perms.length, value));
  work.root = put(work.root, path.parts, renewed(context, node, { value }));
  work.modified(path);
  work.event({ path, whole: false });
}

export function mkdir(context: Context, work: Workspace, path: StorePath): void {
  if (seek(context, work, path, WRITE) === undefined) create(context, work, path, '');
}

/** Creates the node and its missing parents below an ancestor that the caller may write. One event, for the node. */
function create(context: Context, work: Workspace, path: StorePath, value: string): void {
  const { parts } = path;
  const { node: base, depth } = nearest(work.root, parts);
  const perms = inherit(settled(context, base), context.caller);
  const owner = ownerOf(perms);
  enforce(context.quotas, 'nodes', context.caller, work.owned(owner) + parts.length - depth);
  enforce(context.quotas, 'node-size', context.caller, nodeSize(perms.length, value));
  const affected = Array.from({ length: parts.length - depth + 1 }, (_, i) => ancestorOf(path, depth + i));
  for (const each of affected) work.touch(each);

  let top = makeNode(parts.at(-1)!, value, perms, context.tick());
  for (let i = parts.length - 2; i >= depth; i--) {
    const parent = makeNode(parts[i]!, '', perms, context.tick());
    top = { ...parent, children: withChild(parent.children, top) };
  }
  const host = renewed(context, base);
  work.root = put(work.root, parts.slice(0, depth), { ...host, children: withChild(host.children, top) });
  for (const each of affected) work.modified(each);
  work.charge(owner, parts.length - depth);
  work.event({ path, whole: false });
}

export function rm(context: Context, work: Workspace, path: StorePath): void {
  if (path.parts.length === 0) throw new StoreError('EINVAL', 'the root cannot be removed');
  if (seek(context, work, path, WRITE) !== undefined) removeSubtree(context, work, path);
  else if (lookup(work.root, path.parts, path.parts.length - 1) === undefined)
    throw new StoreError('ENOENT', path.text);
}

/** Removes an existing node, not the root, with all below; asks for no rights. */
export function removeSubtree(context: Context, work: Workspace, path: StorePath): void {
  const above = ancestorOf(path, path.parts.length - 1);
  work.touch(path, true);
  work.touch(above);
  walk(lookup(work.root, path.parts)!, path.parts, (node) => {
    work.charge(ownerOf(node.perms), -1);
    return true;
  });
  work.root = cut(work.root, path.parts);
  work.root = put(work.root, above.parts, renewed(context, lookup(work.root, above.parts)!));
  work.removed(path);
  work.modified(above);
  work.event({ path, whole: true });
}

export function setPerms(context: Context, work: Workspace, path: StorePath, perms: Perms): void {
  const { caller, domains, quotas } = context;
  const node = need(context, work, path, WRITE);
  if (!isOwner(node.perms, caller)) throw new StoreError('EACCES', path.text);
  const [before, after] = [ownerOf(node.perms), ownerOf(perms)];
  if (before !== after && !caller.privileged) throw new StoreError('EPERM', 'only domain 0 changes owners');
  enforce(quotas, 'permissions', caller, perms.length);
  enforce(quotas, 'node-size', caller, nodeSize(perms.length, node.value));
  // Every domain named becomes known before the node gets its generation, or it would look younger than its entry.
  const live = perms.map((perm) => domains.find(perm.domid));
  if (live[0] === undefined) throw new StoreError('ENOENT', `no domain ${after} to own it`);
  const stamp = context.tick();
  const marked = settle(perms, stamp, liveGeneration(context));
  work.root = put(work.root, path.parts, { ...node, perms: marked, generation: stamp });
  work.charge(before, -1);
  work.charge(after, 1);
  work.modified(path);
  work.event({ path, whole: false });
}
