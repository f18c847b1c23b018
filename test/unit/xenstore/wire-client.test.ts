// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { XenstoreClient } from '../../../src/xenstore/client-contract.ts';
import type { Store } from '../../../src/xenstore/contract.ts';
import { createStore } from '../../../src/xenstore/store.ts';
import { createWireInput, XS } from '../../../src/xenstore/wire.ts';
import { connectWire } from '../../../src/xenstore/wire-client.ts';
import { serveWire, type WireServer } from '../../../src/xenstore/wire-socket.ts';
import { wireRequest } from '../../support/wire-request.ts';
import { outcome } from './harness.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync('/tmp/xw-');
  path = join(directory, 'socket');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The errno that a call is refused with. */
const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'OK',
    (error) =>
      outcome(() => {
        throw error;
      }),
  );

describe('a client on the socket', () => {
  let store: Store;
  let server: WireServer;
  let client: XenstoreClient;
  beforeEach(async () => {
    store = createStore();
    server = await serveWire(store, path);
    client = await connectWire(path);
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  test('reads and writes text and bytes, lists, removes, sets permissions', async () => {
    await client.write('/a/b', 'grüße');
    expect(await client.read('/a/b')).toBe('grüße');
    await client.write('/a/c', new Uint8Array([0, 255, 0]));
    expect(await client.readBuffer('/a/c')).toEqual(new Uint8Array([0, 255, 0]));
    await client.mkdir('/a/d');
    expect(await client.ls('/a')).toEqual(['b', 'c', 'd']);
    expect(await client.ls('/a/d')).toEqual([]);
    await client.setPerms('/a', ['b0', 'r7']);
    expect(await client.getPerms('/a')).toEqual(['b0', 'r7']);
    await client.rm('/a/c');
    expect([await client.exists('/a/b'), await client.exists('/a/c')]).toEqual([true, false]);
    expect(await client.domainPath(7)).toBe('/local/domain/7');
    expect(await refusal(client.read('/a/none'))).toBe('ENOENT');
    expect(await refusal(client.read('bad path'))).toBe('EINVAL');
  });

  test('many requests at a time are answered in their order', async () => {
    const names = Array.from({ length: 2000 }, (_, i) => `n${i}`);
    await Promise.all(names.map((name) => client.write(`/many/${name}`, name)));
    expect(await Promise.all(names.map((name) => client.read(`/many/${name}`)))).toEqual(names);
    // More than a message holds.
    expect(await client.ls('/many')).toEqual(names);
  });

  test('a NUL or a character beyond ASCII in a path reaches no other node', async () => {
    await client.write('/x', '');
    expect(await refusal(client.write('/x\0', 'injected'))).toBe('EINVAL');
    expect(await refusal(client.setPerms('/x', ['n0\0n1']))).toBe('EINVAL');
    expect(await refusal(client.write('/\u0178', ''))).toBe('EINVAL');
    expect(await client.ls('/')).toEqual(['tool', 'x']);
    expect(await client.read('/x')).toBe('');
  });

  test('what does not fit into a message is E2BIG, and the connection stays', async () => {
    expect(await refusal(client.write('/x', 'y'.repeat(4094)))).toBe('E2BIG');
    await client.write('/x', 'y'.repeat(4093));
    expect(await client.read('/x')).toHaveLength(4093);
  });

  test('transactions commit, start over after a conflict, and leave nothing when they fail', async () => {
    let runs = 0;
    await client.write('/n', '1');
    await client.transaction(async (tx) => {
      const before = Number(await tx.read('/n'));
      if (++runs === 1) await client.write('/n', '10');
      await tx.write('/n', String(before + 1));
    });
    expect([runs, await client.read('/n')]).toEqual([2, '11']);
    const failed = client.transaction(async (tx) => {
      await tx.write('/n', 'never');
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    expect([await client.read('/n'), store.usage(0)?.transactions]).toEqual(['11', 0]);
  });

  test('watches hear, and end with the connection', async () => {
    const watch = client.watch('/w');
    const events = watch[Symbol.asyncIterator]();
    const next = async () => (await events.next()).value;
    expect(await next()).toBe('/w');
    await client.write('/w/x', '1');
    expect(await next()).toBe('/w/x');
    await server.close();
    await expect(next()).rejects.toMatchObject({ errno: 'EIO' });
    expect(await refusal(client.read('/'))).toBe('EIO');
  });
});

describe('a server that lies', () => {
  /** A server that runs `serve` for each message, given its type. */
  async function lying(serve: (type: number, socket: Socket) => void) {
    const server = createServer((socket) => {
      const input = createWireInput();
      socket.on('error', () => {});
      socket.on('data', (bytes: Buffer) => {
        input.push(bytes);
        while (input.next() === 'message') serve(input.type, socket);
      });
    });
    server.listen(path);
    await once(server, 'listening');
    const client = await connectWire(path);
    return {
      client,
      async [Symbol.asyncDispose]() {
        client.close();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  function send(socket: Socket, type: number, payload: string): void {
    socket.write(wireRequest(type, payload));
  }

  test('a reply of another type, an answer to nothing, and too long a message end the connection', async () => {
    for (const lie of [
      (socket: Socket) => send(socket, XS.write, 'OK\0'),
      (socket: Socket) => {
        send(socket, XS.read, 'x');
        send(socket, XS.read, 'y');
      },
      (socket: Socket) => void socket.write(Buffer.alloc(16, 0xff)),
    ]) {
      await using peer = await lying((_type, socket) => lie(socket));
      await Promise.allSettled([peer.client.read('/')]);
      await peer.client.closed;
      expect(await refusal(peer.client.read('/'))).toBe('EIO');
    }
  });

  test('an end without an answer is EIO for all that wait', async () => {
    await using peer = await lying((_type, socket) => socket.destroy());
    const waiting = [peer.client.read('/a'), peer.client.write('/b', ''), peer.client.ls('/')];
    expect(await Promise.all(waiting.map(refusal))).toEqual(['EIO', 'EIO', 'EIO']);
  });

  test('a list that changes while it is read in parts is read again', async () => {
    const parts = ['1\0a\0', '2\0c\0', '2\0a\0b\0', '2\0c\0\0'];
    await using changing = await lying((type, socket) =>
      type === XS.directory ? send(socket, XS.error, 'E2BIG\0') : send(socket, type, parts.shift()!),
    );
    expect(await changing.client.ls('/')).toEqual(['a', 'b', 'c']);
  });

  test('a list too long for a server without parts is E2BIG; a part without names is EIO', async () => {
    const answers = [
      [XS.error, 'ENOSYS\0', 'E2BIG'],
      [XS.directoryPart, '1\0', 'EIO'],
    ] as const;
    for (const [type, payload, errno] of answers) {
      rmSync(path, { force: true });
      await using peer = await lying((asked, socket) =>
        asked === XS.directory ? send(socket, XS.error, 'E2BIG\0') : send(socket, type, payload),
      );
      expect(await refusal(peer.client.ls('/'))).toBe(errno);
    }
  });

  test('an errno that nobody knows is EINVAL', async () => {
    await using peer = await lying((_type, socket) => send(socket, XS.error, 'EQUOTA\0'));
    expect(await refusal(peer.client.read('/'))).toBe('EINVAL');
  });
});

test('nobody listens', async () => {
  await expect(connectWire(path)).rejects.toMatchObject({ code: 'ENOENT' });
});
