// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProxy } from '../../../src/cli/proxy.ts';

/** Sockets of Domain-0's ends, which say what `said` is, and end if `ends`. */
async function startEnds(said: string | undefined, ends = false) {
  const directory = mkdtempSync(join(tmpdir(), 'proxy-'));
  const path = join(directory, 'end.sock');
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}).resume();
    if (said !== undefined) socket.write(said);
    if (ends) socket.end();
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    path,
    user: join(directory, 'user.sock'),
    server,
    [Symbol.dispose]() {
      server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

const roles = ['client', 'server'] as const;

test('a server that is stopped while xend is asked ends, and leaves nobody waiting at its socket', async () => {
  using ends = await startEnds(undefined);
  const seen = once(ends.server, 'connection');
  const open = async () => {
    process.emit('SIGTERM');
    return ends.path;
  };
  expect(await runProxy({ role: 'server', open, path: ends.user, say: () => {} })).toBe(0);
  const [socket] = await seen;
  await once(socket, 'end');
  socket.destroy();
});

test.each(roles)('a %s that is stopped while it waits ends', async (role) => {
  using ends = await startEnds(undefined);
  const running = runProxy({
    role,
    open: async () => ends.path,
    path: ends.user,
    say: () => setImmediate(() => process.emit('SIGINT')),
  });
  expect(await running).toBe(0);
});

test('what the other end says of a channel that never will be is the error', async () => {
  using ends = await startEnds('\0There is no domain 7', true);
  const run = (path: string) => runProxy({ role: 'server', open: async () => path, path: ends.user, say: () => {} });
  await expect(run(ends.path)).rejects.toMatchObject({ code: 'EVCHAN', message: 'There is no domain 7' });
  // Nobody at the socket at all.
  await expect(run(`${ends.path}x`)).rejects.toMatchObject({ code: 'EVCHAN', message: 'Domain-0 has gone' });
});
