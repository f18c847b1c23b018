// SPDX-License-Identifier: Apache-2.0
import type { Domain } from '../../../src/domain/contract.ts';
import type { VsockConnection } from '../../../src/vsock/contract.ts';
import { drive, type Pipe, serve, type Task } from './pipe.ts';

const PORT = 9;

function vsockPipe(connection: VsockConnection): Pipe {
  const buffer = new Uint8Array(65_536);
  return {
    async read() {
      const count = await connection.read(buffer);
      if (count === 0) throw new Error('the connection is over');
      return buffer.subarray(0, count);
    },
    write: (bytes) => connection.write(bytes),
  };
}

/** Both ends. Serves if its name says so; else it connects to who is named on its console, and carries out the tasks there. */
export default async function kernel(dom: Domain): Promise<void> {
  if (dom.name === 'serving') {
    const listener = dom.vsock.listen(PORT);
    dom.console.write('listening\n');
    return serve(vsockPipe((await listener.accept())!));
  }
  let pipe: Promise<Pipe> | undefined;
  const carryOut = async (line: string): Promise<void> => {
    pipe ??= dom.vsock.open('serving', PORT).then(vsockPipe);
    const said = line.startsWith('{') ? await drive(await pipe, JSON.parse(line) as Task) : 'connected';
    await pipe;
    dom.console.write(`${said}\n`);
  };
  dom.console.onData((data) => void carryOut(new TextDecoder().decode(data)));
  await new Promise(() => {});
}
