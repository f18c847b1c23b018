// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import { childAt, children, childValue, nameOf } from '../../sxp/access.ts';
import type { Sxp } from '../../sxp/contract.ts';
import type { Xend } from '../service.ts';
import { FLAG } from './kinds.ts';
import { operations } from './operations.ts';

/** What lies behind an address: names of a directory, a form, or plain text. */
export type Page = { readonly names: readonly Sxp[] } | { readonly form: Sxp } | { readonly text: Sxp };

/** The pages of one branch; `path` is what follows its name. */
type Branch = (xend: Xend, path: readonly string[], query: URLSearchParams) => Promise<Page>;

/** Names of the tree below `/xend` (spec/xend.md 5.1), without those of what is not here: networks. */
const BRANCHES: Readonly<Record<string, Branch>> = { node: nodePage, domain: domainPage, console: consolePage };

/**
 * The page at a path below `/xend`.
 *
 * @throws XmError `ENOPAGE`, exit 3, if there is none; what the service throws
 */
export async function pageAt(xend: Xend, path: readonly string[], query: URLSearchParams): Promise<Page> {
  const [name, ...rest] = path;
  if (name === undefined) return { names: Object.keys(BRANCHES) };
  const branch = Object.hasOwn(BRANCHES, name) ? BRANCHES[name] : undefined;
  if (branch === undefined) throw noPage(path);
  return branch(xend, rest, query);
}

/** The error for an address behind which nothing is. */
export function noPage(path: readonly string[]): XmError {
  return new XmError('ENOPAGE', `there is nothing at ${path.join('/')}`, { exit: 3 });
}

async function nodePage(xend: Xend, path: readonly string[]): Promise<Page> {
  const [name, ...rest] = path;
  if (rest.length === 0 && name === undefined) {
    const pairs = (await operations.info.run(xend, [])) as readonly Sxp[];
    return { form: ['node', ...pairs] };
  }
  if (rest.length > 0 || (name !== 'log' && name !== 'dmesg')) throw noPage(['node', ...path]);
  return { text: (await operations[name].run(xend, [])) ?? '' };
}

async function domainPage(xend: Xend, path: readonly string[], query: URLSearchParams): Promise<Page> {
  const [domain] = path;
  if (domain !== undefined) return recordPage((await xend.forms.domains([domain]))[0] ?? [], path);
  const detail = query.get('detail') ?? '0';
  const found = (await operations.listInState.run(xend, [detail, query.get('state') ?? undefined])) as readonly Sxp[];
  return FLAG.read(detail) === true ? { form: found } : { names: found };
}

/** A record, `device` below it, the classes below that, the devices of one, one of these. */
function recordPage(record: Sxp, path: readonly string[]): Page {
  const [, branch, className, id, ...rest] = path;
  if (branch === undefined) return { form: record };
  const devices = children(record, 'device').map((device) => childAt(device, 0) ?? []);
  const ofClass = devices.filter((device) => nameOf(device) === className);
  const one = ofClass.find((device) => String(childValue(device, 'id')) === id);
  if (branch !== 'device' || rest.length > 0) throw noPage(['domain', ...path]);
  if (className === undefined) return { names: [...new Set(devices.map((device) => nameOf(device) ?? ''))] };
  if (id === undefined && ofClass.length > 0) return { names: ofClass.map((device) => childValue(device, 'id') ?? '') };
  if (one === undefined) throw noPage(['domain', ...path]);
  return { form: one };
}

async function consolePage(xend: Xend, path: readonly string[]): Promise<Page> {
  const [domain, ...rest] = path;
  if (rest.length > 0) throw noPage(['console', ...path]);
  if (domain === undefined) {
    const all = await xend.methods['domain.list']({});
    return { names: all.filter(({ domid }) => domid !== 0).map(({ domid }) => domid) };
  }
  const { domid, name, path: socket } = await xend.methods['domain.console']({ domain });
  return { form: ['console', ['id', domid], ['domain', name], ['path', socket]] };
}
