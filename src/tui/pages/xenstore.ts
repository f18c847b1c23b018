// SPDX-License-Identifier: Apache-2.0
import { endpointFlow, facts, flowSection, messagesSection, section } from '../detail.ts';
import { shortAge } from '../latency.ts';
import { page, type World } from '../page.ts';
import type { StoreNode } from '../reading.ts';
import { words } from '../table.ts';

/** The store as a tree, kept up to date by a watch. */
export const xenstore = page<StoreNode>({
  name: 'xenstore',
  wishes: { store: true },
  columns: ({ sample }) => [
    { ...words('node', 'NODE', 36, 0, indented), plain: ({ path }) => path, grow: true },
    {
      ...words('changed', 'CHANGED', 8, 2, (row: StoreNode) => age(row, sample.time)),
      order: ({ changed }) => changed,
    },
    { ...words('value', 'VALUE', 10, 1, ({ value }: StoreNode) => value), grow: true },
  ],
  rows: ({ reading }) => reading.store ?? [],
  id: ({ path }) => path,
  about: (row, world) => {
    const holder = holderOf(row, world);
    return holder === undefined ? undefined : [holder];
  },
  addressOf: ({ path }) => ADDRESS.exec(path)?.[1],
  detail: (row, world, width) => [
    row.path,
    ...facts([
      ['value', row.value || '(empty)'],
      ['bytes', String(Buffer.byteLength(row.value))],
      ['changed', age(row, world.sample.time) || 'not since it is watched'],
    ]),
    ...section('Children', childrenOf(row, world)),
    ...section('Last changes', recentOf(row, world)),
    ...(holderOf(row, world) === undefined ? [] : messagesSection(world.reading.about)),
    ...(ADDRESS.test(row.path) ? endpointFlow(world.reading, width) : []),
    ...(holderOf(row, world) === undefined ? [] : flowSection(world.reading.about, width)),
  ],
});

/** Where endpoints meet, and where a domain has what is its own. */
const ADDRESS = /^\/idc\/([^/]+)/;
const HOME = /^\/local\/domain\/(\d+)/;

/** Name of the domain that a node is about. */
function holderOf({ path }: StoreNode, { sample }: World): string | undefined {
  const domid = HOME.exec(path)?.[1];
  return sample.domains.find((one) => String(one.domid) === domid)?.name;
}

/** Names, each two characters to the right of the node above it. */
function indented({ path }: StoreNode): string {
  const names = path.split('/').slice(1);
  return path === '/' ? '/' : `${'  '.repeat(names.length)}${names.at(-1)}`;
}

function age({ changed }: StoreNode, now: number): string {
  return changed === 0 ? '' : shortAge(now - changed);
}

function childrenOf({ path }: StoreNode, { reading }: World): readonly string[] {
  const prefix = path === '/' ? '/' : `${path}/`;
  const children = (reading.store ?? []).filter(
    (node) => node.path !== '/' && node.path.startsWith(prefix) && !node.path.slice(prefix.length).includes('/'),
  );
  return lines(children, ({ path: child, value }) => `${child.slice(prefix.length)} = ${value}`);
}

function recentOf({ path }: StoreNode, { reading, sample }: World): readonly string[] {
  const below = (reading.store ?? []).filter((node) => node.changed > 0 && node.path.startsWith(path));
  const latest = below.sort((a, b) => b.changed - a.changed).slice(0, 8);
  return lines(latest, (node) => `${age(node, sample.time).padStart(6)} ago ${node.path} = ${node.value}`);
}

function lines(nodes: readonly StoreNode[], line: (node: StoreNode) => string): readonly string[] {
  return nodes.length > 0 ? nodes.map((node) => `  ${line(node)}`) : ['  none'];
}
