// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type { VmConfig } from '../config/contract.ts';
import { renamePeer } from '../domain/vsock-peers.ts';
import { messageOf, XmError } from '../errors.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { XendContext } from './context.ts';
import type { XendDomain } from './domain.ts';
import { isThere, lookUp, type Names } from './lookup.ts';
import { publishIdentity } from './mirror.ts';
import { recordOf } from './records.ts';

/**
 * @param own uuid of the domain that is to be called so, if it has one
 * @throws XmError `EEXIST` when another domain is called so
 */
export function requireFreeName(names: Names, name: string, own?: string): void {
  const other = lookUp(names, name);
  if (other === undefined) return;
  if (isThere(other)) throw new XmError('EEXIST', `Domain '${name}' already exists with ID '${other.domid}'`);
  if (other.uuid === own) return;
  throw new XmError('EEXIST', `VM name '${name}' already exists`, {
    hint: `'xm start ${name}' starts that domain, 'xm delete ${name}' forgets it`,
  });
}

/** @throws XmError `EEXIST` when a domain that was saved, and goes on under another name, is to be made again */
export function requireFreeUuid({ domains }: Pick<XendContext, 'domains'>, uuid: string): void {
  const same = [...domains.values()].find((domain) => domain.uuid === uuid);
  if (same === undefined) return;
  throw new XmError('EEXIST', `The domain is there: it is called '${same.name}' now and has ID '${same.domid}'`);
}

/**
 * The uuid of a domain that is to be: that which its configuration names, or a new one.
 *
 * @throws XmError `EEXIST` when another domain has it
 */
export function newUuid(names: Names, { uuid }: Pick<VmConfig, 'uuid'>): string {
  if (uuid === '') return randomUUID();
  const other = lookUp(names, uuid);
  if (other === undefined) return uuid;
  const name = isThere(other) ? other.name : other.config.name;
  throw new XmError('EEXIST', `Domain '${name}' already has the uuid ${uuid}`, {
    hint: 'without (uuid ...) a domain gets a new one',
  });
}

/** Gives a domain another name, which has to be free, or also another uuid: in xend, in its store and in its record. */
export function changeIdentity(
  context: XendContext,
  domain: XendDomain,
  { name, uuid }: Pick<XendDomain, 'name' | 'uuid'>,
): void {
  const { xs, log, events, stateFiles } = context;
  const former = { name: domain.name, uuid: domain.uuid };
  log.write('INFO', `Renaming domain ${former.name} (id=${domain.domid}, ${former.uuid}) to ${name} (${uuid})`);
  domain.name = name;
  domain.uuid = uuid;
  domain.config = { ...domain.config, name };
  events.publish('domain', 'renamed', domain, { uuid, former: former.name });
  publishIdentity(xs, domain, former.uuid);
  renamePeer(xs, domain);
  try {
    stateFiles.write(uuid, prettyPrint(recordOf(context, domain).form));
    if (uuid !== former.uuid) stateFiles.remove(former.uuid);
  } catch (error) {
    // What the next xend would call it when this one is killed.
    log.write('WARNING', `The record of domain ${name} still has its former name: ${messageOf(error)}`);
  }
}
