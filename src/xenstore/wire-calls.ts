// SPDX-License-Identifier: Apache-2.0
import { toBinary } from './codec.ts';
import { StoreError } from './contract.ts';
import type { StoreOp } from './messages.ts';
import { XS } from './wire.ts';
import { joinArguments } from './wire-arguments.ts';

/** One operation as a client puts it on the wire. */
export interface WireCall {
  readonly type: number;
  /** The request's payload. @throws StoreError EINVAL */
  readonly encode: (args: readonly unknown[]) => string;
  /** The result, from the reply's payload. */
  readonly decode: (payload: string) => unknown;
}

/** Arguments as texts that a NUL ends. @throws StoreError EINVAL for a NUL within one, which would make two of it */
export function texts(args: readonly unknown[]): string {
  const binary = args.map((arg) => toBinary(String(arg)));
  if (binary.some((text) => text.includes('\0'))) throw new StoreError('EINVAL', 'NUL in an argument');
  return joinArguments(binary);
}

const nothing = () => undefined;
const text = (payload: string) => payload.split('\0')[0]!;
const list = (payload: string) => payload.split('\0').slice(0, -1);

/** What a client may ask for over the wire (spec/primitives.md, table 1.1); arguments and results are those of `StoreConnection`. */
export const WIRE_CALLS: Readonly<Partial<Record<StoreOp, WireCall>>> = {
  read: { type: XS.read, encode: texts, decode: (payload) => payload },
  write: { type: XS.write, encode: ([path, value]) => texts([path]) + String(value), decode: nothing },
  mkdir: { type: XS.mkdir, encode: texts, decode: nothing },
  rm: { type: XS.rm, encode: texts, decode: nothing },
  directory: { type: XS.directory, encode: texts, decode: list },
  getPerms: { type: XS.getPerms, encode: texts, decode: list },
  setPerms: { type: XS.setPerms, encode: (args) => texts(args.flat()), decode: nothing },
  watch: { type: XS.watch, encode: texts, decode: nothing },
  unwatch: { type: XS.unwatch, encode: texts, decode: nothing },
  transactionStart: { type: XS.transactionStart, encode: () => '\0', decode: (payload) => Number(text(payload)) },
  transactionEnd: { type: XS.transactionEnd, encode: ([commit]) => (commit ? 'T\0' : 'F\0'), decode: nothing },
  getDomainPath: { type: XS.getDomainPath, encode: texts, decode: text },
};
