// SPDX-License-Identifier: Apache-2.0
import type { Transport } from './client.ts';
import { isStoreErrno, MAX_PAYLOAD, type StoreErrno, StoreError } from './contract.ts';
import { createFifo } from './fifo.ts';
import { createWireInput, createWireOutput, XS } from './wire.ts';
import { texts, WIRE_CALLS } from './wire-calls.ts';

/** A two-way line of bytes to a store. */
export interface ByteLine {
  /** Begins; called once. */
  open(user: ByteLineUser): OpenByteLine;
}

/** Who uses a line. */
export interface ByteLineUser {
  /** The first `length` bytes came; afterwards they may change. */
  received(bytes: Buffer, length: number): void;
  /** The line is gone. */
  closed(): void;
  /** Whether bytes are to come, because a request has no answer. */
  awaits(): boolean;
}

export interface OpenByteLine {
  /** Takes the first `length` bytes, in order; it copies what it keeps. */
  send(bytes: Buffer, length: number): void;
  /** The other end looks at each request as it comes: none need wait to leave with the next. */
  readonly prompt?: true;
  close(): void;
}

/** A request that has no answer yet. */
interface Pending {
  readonly type: number;
  readonly decode: (payload: string) => unknown;
  readonly answer: PromiseWithResolvers<unknown>;
}

/**
 * A client's requests over a line of bytes, to this store's server or to another's. Replies come in the order of the
 * requests, as from all known servers (spec/primitives.md 1.1); one of another type ends the connection.
 */
export function createWireTransport(line: ByteLine, onEvent: (path: string, token: string) => void): Transport {
  const input = createWireInput();
  const output = createWireOutput();
  const ended = Promise.withResolvers<void>();
  const pending = createFifo<Pending>();
  let awaited = 0;
  let open = true;

  function finish(): void {
    if (!open) return;
    open = false;
    opened.close();
    for (let request = pending.take(); request !== undefined; request = pending.take())
      request.answer.reject(new StoreError('EIO', 'connection closed'));
    ended.resolve();
  }

  /** @returns whether the stream still makes sense */
  function take(): boolean {
    const payload = input.bytes.toString('latin1', input.start, input.end);
    if (input.type === XS.watchEvent) {
      const [path = '', token = ''] = payload.split('\0');
      onEvent(path, token);
      return true;
    }
    const request = pending.take();
    if (request === undefined) return false;
    awaited--;
    if (input.type !== request.type && input.type !== XS.error) {
      request.answer.reject(new StoreError('EIO', 'an answer to something else'));
      return false;
    }
    if (input.type === XS.error) request.answer.reject(errorOf(payload));
    else request.answer.resolve(request.decode(payload));
    return true;
  }

  const opened = line.open({
    received(bytes, length) {
      input.push(bytes, length);
      let step = input.next();
      while (step === 'message' && take()) step = input.next();
      if (step !== 'none') finish();
    },
    closed: finish,
    awaits: () => awaited > 0,
  });

  function flush(): void {
    if (open) output.flush(opened.send);
  }

  function send<T>(type: number, decode: (payload: string) => T, payload: string, tx: number): Promise<T> {
    if (!open) return Promise.reject(new StoreError('EIO', 'connection closed'));
    if (payload.length > MAX_PAYLOAD) return Promise.reject(new StoreError('E2BIG', `${payload.length} bytes`));
    const answer = Promise.withResolvers<T>();
    pending.push({ type, decode, answer } as Pending);
    awaited++;
    if (output.size === 0 && !opened.prompt) queueMicrotask(flush);
    output.message(type, 0, tx, payload);
    if (opened.prompt) flush();
    return answer.promise;
  }

  /** The list in parts; from the beginning again when it changes meanwhile. */
  async function directoryInParts(path: string, tx: number): Promise<readonly string[]> {
    let names = '';
    let version: string | undefined;
    while (!names.endsWith('\0\0') && names !== '\0') {
      const part = await send(XS.directoryPart, (payload) => payload, texts([path, names.length]), tx);
      const start = part.indexOf('\0') + 1;
      const changed = version !== undefined && version !== part.slice(0, start);
      if (start === part.length) throw new StoreError('EIO', 'a part without names');
      version = changed ? undefined : part.slice(0, start);
      names = changed ? '' : names + part.slice(start);
    }
    return names.split('\0').slice(0, -2);
  }

  return {
    request(op, args, tx) {
      const call = WIRE_CALLS[op];
      if (call === undefined) return Promise.reject(new StoreError('ENOSYS', op));
      const result = send(call.type, call.decode, call.encode(args), tx);
      if (op !== 'directory') return result;
      return result.catch((error) => {
        if (!isErrno(error, 'E2BIG')) throw error;
        return directoryInParts(String(args[0]), tx).catch((later) => {
          // A server without parts has no better answer than the first.
          throw isErrno(later, 'ENOSYS') ? error : later;
        });
      });
    },
    close: finish,
    closed: ended.promise,
  };
}

const isErrno = (error: unknown, errno: StoreErrno): boolean => error instanceof StoreError && error.errno === errno;

function errorOf(payload: string): StoreError {
  const name = payload.split('\0')[0]!;
  return isStoreErrno(name) ? new StoreError(name) : new StoreError('EINVAL', name);
}
