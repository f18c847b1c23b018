// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { isThreadNumber, type PoolConfig } from '../config/pool.ts';
import { DEDICATED, SHARED } from '../config/pool-name.ts';
import { XmError } from '../errors.ts';
import { didYouMean } from '../words.ts';
import type { XendContext } from './context.ts';
import type { PoolInfo } from './contract.ts';
import type { XendDomain } from './domain.ts';
import type { Log } from './log.ts';
import { createPool, type Pool } from './pool.ts';
import type { PoolFile } from './pool-file.ts';

/** Pools that are always there, and cannot be ended. */
const BUILTIN: readonly string[] = [DEDICATED, SHARED];

/**
 * The pools of threads. `shared` and those that users make hold domains that share threads; in `dedicated` each domain has a thread
 * of its own, so that it is no set of threads but a name for all of them.
 */
export interface Pools {
  /** Those that are active, but for `dedicated`. */
  active(): readonly Pool[];
  /** The pool of a configuration. @throws XmError `ENOPOOL` if there is none of that name that is active */
  find(name: string): Pool;
  /** All of them, by name, or those that are named. @throws XmError `ENOPOOL` */
  list(names?: readonly string[]): readonly PoolInfo[];
  /** Makes a pool that is active until it is destroyed, or, if `kept`, one to be started that outlives xend. */
  create(config: PoolConfig, kept: boolean): PoolInfo;
  /** Makes a kept pool active. */
  start(name: string): PoolInfo;
  /** Ends a pool without domains; one that is kept can be started again. */
  destroy(name: string): Promise<void>;
  /** Forgets a kept pool that is not active. */
  delete(name: string): void;
  addThread(name: string, number: number): void;
  removeThread(name: string, number: number): Promise<void>;
  stop(): Promise<void>;
}

interface Entry {
  readonly config: PoolConfig;
  readonly kept: boolean;
  pool: Pool | undefined;
}

/** @param file where kept pools are */
export function createPools(
  { domains, options, log }: Pick<XendContext, 'domains' | 'options'> & { readonly log: Log },
  file: PoolFile,
): Pools {
  const entries = new Map<string, Entry>();
  const activate = (config: PoolConfig): Pool => createPool(config.name, config.threads, options, log);

  function keep(): void {
    file.write([...entries.values()].filter(({ kept }) => kept).map(({ config }) => config));
  }

  function entryOf(name: string): Entry {
    const entry = entries.get(name);
    if (entry !== undefined) return entry;
    if (name === DEDICATED) {
      throw new XmError('EBUILTIN', `Pool '${name}' is no set of threads: each of its domains has one of its own`);
    }
    throw noSuchPool(name);
  }

  function noSuchPool(name: string): XmError {
    const hint = didYouMean(name, [...entries.keys(), DEDICATED]) ?? "'xm cpupool-list' lists those that there are";
    return new XmError('ENOPOOL', `Pool '${name}' does not exist.`, { hint });
  }

  function activePool(name: string): Pool {
    const { pool } = entryOf(name);
    if (pool !== undefined) return pool;
    throw new XmError('EINACTIVE', `Pool '${name}' is not active`, { hint: `'xm cpupool-start ${name}' starts it` });
  }

  const domainsOf = (name: string): readonly string[] =>
    [...domains.values()].filter(({ config }) => config.pool === name).map((domain) => domain.name);

  function infoOf(name: string): PoolInfo {
    const common = { name, domains: domainsOf(name) };
    if (name === DEDICATED) {
      const threads = [...domains.values()].filter(ownsThread).length;
      return { ...common, sched: 'threads', active: true, kept: false, count: threads, threads: [] };
    }
    const { config, kept, pool } = entryOf(name);
    const threads = pool?.numbers ?? config.threads;
    return { ...common, sched: 'loop', active: pool !== undefined, kept, count: threads.length, threads };
  }

  for (const config of file.read()) entries.set(config.name, { config, kept: true, pool: undefined });
  const size = options.poolThreads ?? availableParallelism();
  const shared = { name: SHARED, threads: Array.from({ length: size }, (_, index) => index + 1) };
  entries.set(SHARED, { config: shared, kept: false, pool: activate(shared) });

  const active = (): readonly Pool[] => [...entries.values()].flatMap(({ pool }) => pool ?? []);

  return {
    active,
    find: activePool,
    list(names) {
      const wanted = names === undefined || names.length === 0 ? [DEDICATED, ...entries.keys()].sort() : names;
      return wanted.map(infoOf);
    },
    create(config, kept) {
      const { name } = config;
      if (entries.has(name) || name === DEDICATED) throw new XmError('EEXIST', `Pool '${name}' already exists`);
      entries.set(name, { config, kept, pool: kept ? undefined : activate(config) });
      if (kept) keep();
      return infoOf(name);
    },
    start(name) {
      const entry = entryOf(name);
      if (entry.pool !== undefined) throw new XmError('EACTIVE', `Pool '${name}' is active already`);
      entry.pool = activate(entry.config);
      return infoOf(name);
    },
    async destroy(name) {
      if (BUILTIN.includes(name)) throw new XmError('EBUILTIN', `Pool '${name}' cannot be destroyed`);
      const pool = activePool(name);
      const count = domainsOf(name).length;
      if (count > 0) throw new XmError('EBUSY', `Pool '${name}' has ${count} domain${count === 1 ? '' : 's'}`);
      const entry = entryOf(name);
      if (entry.kept) entry.pool = undefined;
      else entries.delete(name);
      await pool.stop();
    },
    delete(name) {
      const { kept, pool } = entryOf(name);
      if (BUILTIN.includes(name)) throw new XmError('EBUILTIN', `Pool '${name}' cannot be deleted`);
      if (!kept) throw new XmError('ENOTKEPT', `Pool '${name}' is not kept`, { hint: "'xm cpupool-destroy' ends it" });
      if (pool !== undefined) throw new XmError('EACTIVE', `Pool '${name}' is active`);
      entries.delete(name);
      keep();
    },
    addThread(name, number) {
      const pool = activePool(name);
      if (!isThreadNumber(number)) throw new XmError('EINVAL', `A pool has no thread ${number}`);
      pool.add(number);
    },
    removeThread: (name, number) => activePool(name).remove(number),
    async stop() {
      await Promise.all(active().map((pool) => pool.stop()));
    },
  };
}

const ownsThread = ({ thread, control }: XendDomain): boolean => thread?.shared === false && control !== undefined;
