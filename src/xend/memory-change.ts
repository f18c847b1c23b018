// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '../config/contract.ts';
import { MAX_MEMORY } from '../config/fields.ts';
import { MIN_OWN_MEMORY } from '../config/read.ts';
import { excessOf } from '../domain/memory-watch.ts';
import { messageOf, XmError } from '../errors.ts';
import { pagesOf } from '../hv/memory.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { XendContext } from './context.ts';
import type { XendDomain } from './domain.ts';
import { checkMemory, shareMemory } from './memory.ts';
import { publishMemory } from './mirror.ts';
import { requireRunning } from './phase-checks.ts';
import { recordOf } from './records.ts';

const refuse = (text: string, hint?: string): never => {
  throw new XmError('EINVAL', text, hint === undefined ? {} : { hint });
};

/** Else its configuration could not be read again. */
function requirePossible(memory: number): void {
  if (memory > MAX_MEMORY)
    refuse(`No domain may have more than ${MAX_MEMORY} MB of memory, and ${memory} are asked for`);
}

/** MB up to which a domain's quota may be raised. */
const mostOf = ({ memory, maxMemory }: VmConfig): number => Math.max(memory, maxMemory);

/**
 * Changes the quota of a running domain: half of it for pages, which the hypervisor counts, half for the heap, which xend watches.
 * Both are limits, so that nothing has to be given back for it: what does not fit into less is a refusal.
 *
 * @param memory MB
 * @throws XmError when it uses more, may not have that much, or the machine has not that much
 */
export async function setMemory(context: XendContext, domain: XendDomain, memory: number): Promise<void> {
  requireRunning(domain, 'set the memory of');
  requirePossible(memory);
  const { name, domid, config, thread } = domain;
  if (config.pool === 'dedicated' && memory < MIN_OWN_MEMORY) {
    refuse(`A domain with a thread of its own needs ${MIN_OWN_MEMORY} MB of memory, not ${memory}`);
  }
  if (memory > mostOf(config)) {
    refuse(
      `Domain '${name}' may have ${mostOf(config)} MB of memory, not ${memory}`,
      `'xm mem-max ${name} ${memory}' allows that`,
    );
  }
  if (memory > config.memory) checkMemory(context, memory - config.memory);
  const { heap, pages } = shareMemory({ ...config, memory });
  if (memory < config.memory && thread !== undefined) {
    if (thread.shared) refuse(`Domain '${name}' shares its thread: what of the heap is its own cannot be told`);
    const used = await excessOf(thread.worker, { heap, all: memory });
    if (used !== undefined) refuse(`Domain '${name}' uses ${used}: with ${memory} MB of memory it would be ended`);
  }
  requireRunning(domain, 'set the memory of');
  if (!context.hv.setQuota(domid, pagesOf(pages * 2 ** 20))) {
    refuse(`Domain '${name}' has more pages than half of ${memory} MB`);
  }
  // What it had before it may have again.
  change(context, domain, { memory, maxMemory: mostOf(config) });
}

/**
 * Changes up to which a domain's quota may be raised.
 *
 * @param memory MB
 */
export function setMaxMemory(context: XendContext, domain: XendDomain, memory: number): void {
  requireRunning(domain, 'set the memory of');
  requirePossible(memory);
  const { name, config } = domain;
  if (memory < config.memory) {
    refuse(`Domain '${name}' has ${config.memory} MB of memory`, `'xm mem-set ${name} ${memory}' comes first`);
  }
  change(context, domain, { memory: config.memory, maxMemory: memory });
}

function change(
  context: XendContext,
  domain: XendDomain,
  { memory, maxMemory }: Pick<VmConfig, 'memory' | 'maxMemory'>,
): void {
  const { log, xs, stateFiles } = context;
  domain.config = { ...domain.config, memory, maxMemory };
  log.write(
    'INFO',
    `Domain ${domain.name} (id=${domain.domid}) has ${memory} MB of memory, ${mostOf(domain.config)} at most`,
  );
  publishMemory(xs, domain);
  try {
    stateFiles.write(domain.uuid, prettyPrint(recordOf(context, domain).form));
  } catch (error) {
    log.write('WARNING', `The record of domain ${domain.name} still has its former memory: ${messageOf(error)}`);
  }
}
