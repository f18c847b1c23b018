// SPDX-License-Identifier: Apache-2.0

import { XmError } from '../../errors.ts';
import { isElement } from '../../sxp/access.ts';
import type { Sxp } from '../../sxp/contract.ts';
import { show } from '../../sxp/show.ts';
import type { PoolInfo } from '../contract.ts';
import type { Xend } from '../service.ts';
import { FORM, NAMES, NUMBER, TEXT } from './kinds.ts';
import { operation, type Parameter } from './operation.ts';

const POOL: Parameter<string> = { name: 'pool', kind: TEXT };
const CONFIG: Parameter<Sxp> = { name: 'config', kind: FORM };
const CPU: Parameter<number> = { name: 'cpu', kind: NUMBER };

/** The operations on pools of threads: `xend.cpu_pool.*` of spec/xend.md 5.4. */
export const poolOperations = {
  list: operation(
    'Pools of threads: all, or those that are named.',
    [{ name: 'names', kind: NAMES, fallback: [] }],
    async (xend, names) => (await xend.methods['pool.list']({ names })).map(formOf),
  ),
  create: operation(
    'Makes a pool of (cpu_pool (name NAME) (cpus (1 2))) and starts it. Answers with its record.',
    [CONFIG],
    (xend, form) => make(xend, form, false),
  ),
  new: operation('Keeps a pool of such a form; it is not started. Answers with its record.', [CONFIG], (xend, form) =>
    make(xend, form, true),
  ),
  start: operation('Starts a pool that is kept.', [POOL], async (xend, pool) => {
    await xend.methods['pool.start']({ pool });
    return null;
  }),
  destroy: operation('Ends a pool that has no domains.', [POOL], (xend, pool) =>
    xend.methods['pool.destroy']({ pool }),
  ),
  delete: operation('Forgets a pool that is kept, and is not active.', [POOL], (xend, pool) =>
    xend.methods['pool.delete']({ pool }),
  ),
  addThread: operation('Lets a pool have one thread more.', [POOL, CPU], (xend, pool, number) =>
    xend.methods['pool.addThread']({ pool, number }),
  ),
  removeThread: operation('Takes a thread without domains from a pool.', [POOL, CPU], (xend, pool, number) =>
    xend.methods['pool.removeThread']({ pool, number }),
  ),
  migrate: operation(
    'Has a domain live in another pool; refused while it runs.',
    [{ name: 'domain', kind: TEXT }, POOL],
    (xend, domain, pool) => xend.methods['pool.migrate']({ domain, pool }),
  ),
};

/** What such a form says is said as `xm cpupool-create NAME=VALUE` says it. */
async function make(xend: Xend, form: Sxp, kept: boolean): Promise<Sxp> {
  if (!isElement(form, 'cpu_pool') && !isElement(form, 'pool')) {
    throw new XmError('EINVAL', `config must be (cpu_pool ...), not ${show(form)}`);
  }
  const variables = form.slice(1).map((field) => {
    const [key, value, ...rest] = isElement(field) ? field : [];
    const texts = isElement(value) ? value.slice() : [value];
    if (
      typeof key !== 'string' ||
      value === undefined ||
      rest.length > 0 ||
      texts.some((text) => typeof text === 'object')
    ) {
      throw new XmError('EINVAL', `${show(field)} is not the name of a field and its value`);
    }
    return `${key}=${texts.join(',')}`;
  });
  return formOf(await xend.methods['pool.create']({ text: '', file: 'config', variables, kept }));
}

function formOf({ name, sched, active, threads, domains }: PoolInfo): Sxp {
  return [
    'cpu_pool',
    ['name', name],
    ['sched', sched],
    ['activated', active ? 1 : 0],
    ['cpus', [...threads]],
    ['domains', [...domains]],
  ];
}
