// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import type { Transport } from './client.ts';
import { isStoreErrno, MAX_PAYLOAD, type StoreErrno, StoreError } from './contract.ts';
import { createWireInput, createWireOutput, XS } from './wire.ts';
import { texts, WIRE_CALLS } from './wire-calls.ts';

/** A request that has no answer yet. */
interface Pending {
  readonly type: number;
  readonly answer: PromiseWithResolvers<string>;
}

/**
 * A client's requests over a connected unix socket, to this store's server or to another's. Replies come in the order of the
 * requests, as from all known servers (spec/primitives.md 1.1); one of another type ends the connection.
 */
export function createWireTransport(socket: Socket, onEvent: (path: string, token: string) => void): Transport {
  const input = createWireInput();
  const output = createWireOutput();
  const ended = Promise.withResolvers<void>();
  let pending: Pending[] = [];
  let open = true;

  function finish(): void {
    if (!open) return;
    open = false;
    socket.destroy();
    for (const { answer } of pending) answer.reject(new StoreError('EIO', 'connection closed'));
    pending = [];
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
    const [request] = pending;
    if (request === undefined || (input.type !== request.type && input.type !== XS.error)) return false;
    pending.shift();
    if (input.type === XS.error) request.answer.reject(errorOf(payload));
    else request.answer.resolve(payload);
    return true;
  }

  socket.on('data', (bytes: Buffer) => {
    input.push(bytes);
    let step = input.next();
    while (step === 'message' && take()) step = input.next();
    if (step !== 'none') finish();
  });
  socket.on('close', finish);
  // What broke it does not matter to those who wait; `close` follows.
  socket.on('error', () => {});

  function send(type: number, payload: string, tx: number): Promise<string> {
    if (!open) return Promise.reject(new StoreError('EIO', 'connection closed'));
    if (payload.length > MAX_PAYLOAD) return Promise.reject(new StoreError('E2BIG', `${payload.length} bytes`));
    const answer = Promise.withResolvers<string>();
    pending.push({ type, answer });
    if (output.size === 0) queueMicrotask(() => void socket.write(output.take()));
    output.message(type, 0, tx, payload);
    return answer.promise;
  }

  /** The list in parts; from the beginning again when it changes meanwhile. */
  async function directoryInParts(path: string, tx: number): Promise<readonly string[]> {
    let names = '';
    let version: string | undefined;
    while (!names.endsWith('\0\0') && names !== '\0') {
      const part = await send(XS.directoryPart, texts([path, names.length]), tx);
      const start = part.indexOf('\0') + 1;
      const changed = version !== undefined && version !== part.slice(0, start);
      if (start === part.length) throw new StoreError('EIO', 'a part without names');
      version = changed ? undefined : part.slice(0, start);
      names = changed ? '' : names + part.slice(start);
    }
    return names.split('\0').slice(0, -2);
  }

  return {
    async request(op, args, tx) {
      const call = WIRE_CALLS[op];
      if (call === undefined) throw new StoreError('ENOSYS', op);
      try {
        return call.decode(await send(call.type, call.encode(args), tx));
      } catch (error) {
        if (op !== 'directory' || !isErrno(error, 'E2BIG')) throw error;
        return directoryInParts(String(args[0]), tx).catch((later) => {
          // A server without parts has no better answer than the first.
          throw isErrno(later, 'ENOSYS') ? error : later;
        });
      }
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
