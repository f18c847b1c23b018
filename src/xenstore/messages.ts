// SPDX-License-Identifier: Apache-2.0
import { type StoreConnection, type StoreErrno, StoreError } from './contract.ts';

/** A request as it crosses a message port. Values, tokens and paths are binary strings. */
export interface Request {
  readonly id: number;
  readonly op: StoreOp;
  readonly args: readonly unknown[];
  /** Transaction, or 0. */
  readonly tx: number;
  /** How many replies the client has had so far. */
  readonly seen: number;
}

/** Events on their way to a client that has not said it got them; further ones wait, merged, in the store. */
export const EVENT_WINDOW = 64;

/** The client has had so many events so far; without this the server stops sending them. */
export interface EventCredit {
  readonly events: number;
}

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly errno: StoreErrno }
  | { readonly event: string; readonly token: string };

type Guard<T> = (value: unknown) => value is T;

interface Operation {
  readonly guards: readonly Guard<unknown>[];
  readonly run: (connection: StoreConnection, args: readonly never[], tx: number) => unknown;
}

function op<A extends readonly unknown[]>(
  guards: { readonly [K in keyof A]: Guard<A[K]> },
  run: (connection: StoreConnection, args: A, tx: number) => unknown,
): Operation {
  return { guards: guards as unknown as readonly Guard<unknown>[], run: run as unknown as Operation['run'] };
}

const text: Guard<string> = (value) => typeof value === 'string';
const flag: Guard<boolean> = (value) => typeof value === 'boolean';
const texts: Guard<readonly string[]> = (value): value is readonly string[] =>
  Array.isArray(value) && value.every(text);
const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const domid: Guard<number> = (value): value is number => whole(value) && value <= 0xffff;
const optional: Guard<number | undefined> = (value) => value === undefined || whole(value);

/** Every operation that can be asked for by message: what its arguments must be, and what it does. */
const OPERATIONS = {
  read: op([text], (c, [path], tx) => c.read(path, tx)),
  write: op([text, text], (c, [path, value], tx) => c.write(path, value, tx)),
  mkdir: op([text], (c, [path], tx) => c.mkdir(path, tx)),
  rm: op([text], (c, [path], tx) => c.rm(path, tx)),
  directory: op([text], (c, [path], tx) => c.directory(path, tx)),
  getPerms: op([text], (c, [path], tx) => c.getPerms(path, tx)),
  setPerms: op([text, texts], (c, [path, perms], tx) => c.setPerms(path, perms, tx)),
  watch: op([text, text, optional], (c, [path, token, depth]) => c.watch(path, token, depth)),
  unwatch: op([text, text], (c, [path, token]) => c.unwatch(path, token)),
  resetWatches: op([], (c) => c.resetWatches()),
  transactionStart: op([], (c, _, tx) => c.transactionStart(tx)),
  transactionEnd: op([flag], (c, [commit], tx) => c.transactionEnd(tx, commit)),
  getDomainPath: op([domid], (c, [id]) => c.getDomainPath(id)),
  introduce: op([domid], (c, [id]) => c.introduce(id)),
  release: op([domid], (c, [id]) => c.release(id)),
  isIntroduced: op([domid], (c, [id]) => c.isIntroduced(id)),
  resume: op([domid], (c, [id]) => c.resume(id)),
  setTarget: op([domid, domid], (c, [id, target]) => c.setTarget(id, target)),
} satisfies Record<string, Operation>;

export type StoreOp = keyof typeof OPERATIONS;

/**
 * Runs an operation of an untrusted request.
 * @throws StoreError ENOSYS for an unknown operation, EINVAL for wrong arguments, else what the operation throws
 */
export function perform(connection: StoreConnection, name: unknown, args: unknown, tx: unknown): unknown {
  if (typeof name !== 'string') throw new StoreError('EINVAL', 'no operation');
  if (!Object.hasOwn(OPERATIONS, name)) throw new StoreError('ENOSYS', name);
  const { guards, run }: Operation = OPERATIONS[name as StoreOp];
  const valid =
    Array.isArray(args) && args.length <= guards.length && guards.every((guard, i) => guard(args[i])) && whole(tx);
  if (!valid) throw new StoreError('EINVAL', `bad arguments of ${name}`);
  return run(connection, args as never[], tx);
}
