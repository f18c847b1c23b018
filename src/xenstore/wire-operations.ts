// SPDX-License-Identifier: Apache-2.0
import { MAX_PAYLOAD, type Store, type StoreConnection, StoreError } from './contract.ts';
import { XS } from './wire.ts';
import { joinArguments, parseDomid, parseNumber, readArguments } from './wire-arguments.ts';
import { control } from './wire-control.ts';

/** Whose request it is. */
export interface WireCaller {
  readonly store: Store;
  readonly connection: StoreConnection;
}

/** @returns the reply's payload; undefined for a plain `OK` */
type Run<T> = (caller: WireCaller, args: string[], tx: number) => T;

interface Flags {
  /** For domain 0 only. */
  readonly privileged?: true;
  /** Ignores the transaction id. */
  readonly outside?: true;
  /** Texts before raw bytes. */
  readonly raw?: number;
}

interface WireOperation extends Flags {
  /** How many arguments it takes. */
  readonly min: number;
  readonly max: number;
  readonly run: Run<string | undefined>;
}

/** An operation that answers with something. */
const asks = (min: number, max: number, run: Run<string | undefined>, flags: Flags = {}): WireOperation => ({
  min,
  max,
  run,
  ...flags,
});

/** An operation that answers `OK`. */
const does = (min: number, max: number, run: Run<void>, flags: Flags = {}): WireOperation =>
  asks(
    min,
    max,
    (caller, args, tx) => {
      run(caller, args, tx);
      return undefined;
    },
    flags,
  );

/** Part of a list of names from a byte on: whole names, and one more NUL when they are the last ones. */
function partOf(names: string, from: number, room: number): string {
  if (names.length - from < room) return `${names.slice(from)}\0`;
  return names.slice(from, names.lastIndexOf('\0', from + room - 1) + 1);
}

const PRIVILEGED = { privileged: true } as const;
const OUTSIDE = { outside: true } as const;

/** What each type of request does (spec/primitives.md, table 1.1). */
const OPERATIONS: Readonly<Record<number, WireOperation>> = {
  [XS.control]: asks(1, Number.POSITIVE_INFINITY, ({ store }, args) => control(store, args), PRIVILEGED),
  [XS.directory]: asks(1, 1, ({ connection }, [path = ''], tx) => connection.listing(path, tx).names),
  [XS.directoryPart]: asks(2, 2, ({ connection }, [path = '', from = ''], tx) => {
    const { generation, names } = connection.listing(path, tx);
    const head = `${generation}\0`;
    return head + partOf(names, parseNumber(from), MAX_PAYLOAD - head.length);
  }),
  [XS.read]: asks(1, 1, ({ connection }, [path = ''], tx) => connection.read(path, tx)),
  [XS.write]: does(2, 2, ({ connection }, [path = '', value = ''], tx) => connection.write(path, value, tx), {
    raw: 1,
  }),
  [XS.mkdir]: does(1, 1, ({ connection }, [path = ''], tx) => connection.mkdir(path, tx)),
  [XS.rm]: does(1, 1, ({ connection }, [path = ''], tx) => connection.rm(path, tx)),
  [XS.getPerms]: asks(1, 1, ({ connection }, [path = ''], tx) => joinArguments(connection.getPerms(path, tx))),
  [XS.setPerms]: does(2, Number.POSITIVE_INFINITY, ({ connection }, [path = '', ...perms], tx) =>
    connection.setPerms(path, perms, tx),
  ),
  [XS.watch]: does(
    2,
    3,
    ({ connection }, [path = '', token = '', depth]) =>
      connection.watch(path, token, depth === undefined ? undefined : parseNumber(depth)),
    OUTSIDE,
  ),
  [XS.unwatch]: does(2, 2, ({ connection }, [path = '', token = '']) => connection.unwatch(path, token), OUTSIDE),
  [XS.resetWatches]: does(0, 1, ({ connection }) => connection.resetWatches()),
  [XS.transactionStart]: asks(0, 1, ({ connection }, _args, tx) => `${connection.transactionStart(tx)}\0`),
  [XS.transactionEnd]: does(1, 1, ({ connection }, [word], tx) => {
    if (word !== 'T' && word !== 'F') throw new StoreError('EINVAL', word);
    connection.transactionEnd(tx, word === 'T');
  }),
  [XS.introduce]: does(
    3,
    3,
    ({ connection }, [domid = '', frame = '', port = '']) => {
      parseNumber(frame);
      if (parseNumber(port) === 0) throw new StoreError('EINVAL', 'port 0');
      connection.introduce(parseDomid(domid));
    },
    PRIVILEGED,
  ),
  [XS.release]: does(1, 1, ({ connection }, [domid = '']) => connection.release(parseDomid(domid)), PRIVILEGED),
  [XS.resume]: does(1, 1, ({ connection }, [domid = '']) => connection.resume(parseDomid(domid)), PRIVILEGED),
  [XS.getDomainPath]: asks(1, 1, ({ connection }, [domid = '']) => `${connection.getDomainPath(parseDomid(domid))}\0`),
  [XS.isDomainIntroduced]: asks(
    1,
    1,
    ({ connection }, [domid = '']) => (connection.isIntroduced(parseDomid(domid)) ? 'T\0' : 'F\0'),
    PRIVILEGED,
  ),
  [XS.setTarget]: does(
    2,
    2,
    ({ connection }, [domid = '', target = '']) => connection.setTarget(parseDomid(domid), parseDomid(target)),
    PRIVILEGED,
  ),
  [XS.getFeature]: asks(0, 1, ({ store, connection }, [given]) => {
    const domid = given === undefined ? connection.domid : parseDomid(given);
    if (domid !== connection.domid && connection.domid !== 0) throw new StoreError('EACCES', 'domain 0 only');
    return `${store.features(domid)}\0`;
  }),
  [XS.setFeature]: does(
    2,
    2,
    ({ store }, [domid = '', bits = '']) => store.setFeatures(parseDomid(domid), parseNumber(bits)),
    PRIVILEGED,
  ),
  [XS.getQuota]: asks(
    0,
    2,
    ({ store }, args) => {
      const [name, domid] = args.toReversed();
      if (name === undefined) return `${Object.keys(store.quotas).join(' ')}\0`;
      return `${store.quota(name, domid === undefined ? undefined : parseDomid(domid))}\0`;
    },
    PRIVILEGED,
  ),
  [XS.setQuota]: does(
    2,
    3,
    ({ store }, args) => {
      const [value = '', name = '', domid] = args.toReversed();
      store.setQuota(name, parseNumber(value), domid === undefined ? undefined : parseDomid(domid));
    },
    PRIVILEGED,
  ),
};

const OK = 'OK\0';

/**
 * Carries out one request. Order of checks: type, privilege, transaction id, arguments, then the operation's own.
 * @returns the reply's payload
 * @throws StoreError
 */
export function answer(
  caller: WireCaller,
  type: number,
  tx: number,
  bytes: Buffer,
  start: number,
  end: number,
): string {
  const operation = OPERATIONS[type];
  if (operation === undefined) throw new StoreError('ENOSYS', `type ${type}`);
  const { connection } = caller;
  if (operation.privileged && connection.domid !== 0) throw new StoreError('EACCES', 'domain 0 only');
  if (tx !== 0 && !operation.outside) connection.needTransaction(tx);
  const args = readArguments(bytes, start, end, operation.raw);
  if (args.length < operation.min || args.length > operation.max) throw new StoreError('EINVAL', 'arguments');
  const payload = operation.run(caller, args, tx) ?? OK;
  if (payload.length > MAX_PAYLOAD) throw new StoreError('E2BIG', `${payload.length} bytes`);
  return payload;
}
