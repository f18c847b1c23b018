// SPDX-License-Identifier: Apache-2.0
import type { Domain } from '../../../src/domain/contract.ts';
import type { VsockConnection } from '../../../src/vsock/contract.ts';

const PORT = 9;
const CONNECTIONS = 1000;
/** What goes over each connection in a round, bytes. */
const BYTES = 65_536;
/** More than any window. */
const PLENTY = 4 * 2 ** 20;

/** Acknowledges each of the pieces with a byte. */
async function serve(connection: VsockConnection): Promise<void> {
  const part = new Uint8Array(BYTES);
  for (let got = 0; ; ) {
    got += await connection.read(part.subarray(0, BYTES - got));
    if (got < BYTES) continue;
    got = 0;
    await connection.write(part.subarray(0, 1));
  }
}

/** A round over some connections at a time. @returns milliseconds */
async function round(connections: readonly VsockConnection[]): Promise<number> {
  const data = new Uint8Array(BYTES);
  const start = performance.now();
  await Promise.all(
    connections.map(async (connection) => {
      await connection.write(data);
      await connection.read(new Uint8Array(1));
    }),
  );
  return performance.now() - start;
}

/**
 * Both ends of a thousand connections over one link. The first of them has no reader; `stop`, typed at the other end, has it
 * filled to its limits. Each other line is a round over all others, which is answered with the milliseconds it took.
 */
export default async function kernel(dom: Domain): Promise<void> {
  if (dom.name === 'serving') {
    const listener = dom.vsock.listen(PORT, { backlog: CONNECTIONS });
    dom.console.write('listening\n');
    await listener.accept();
    for (;;) void serve((await listener.accept())!);
  }
  const stopped = await dom.vsock.open('serving', PORT);
  const others = await Promise.all(Array.from({ length: CONNECTIONS - 1 }, () => dom.vsock.open('serving', PORT)));
  dom.console.onData(async (typed) => {
    if (new TextDecoder().decode(typed) !== 'stop') {
      dom.console.write(`${await round(others)}\n`);
      return;
    }
    void stopped.write(new Uint8Array(PLENTY));
    dom.console.write('stopped\n');
  });
  dom.console.write('connected\n');
  await new Promise(() => {});
}
