// SPDX-License-Identifier: Apache-2.0
import type { Domain } from '../../../src/domain/contract.ts';
import type { Vchan } from '../../../src/vchan/contract.ts';
import { drive, type Pipe, serve, type Task } from './pipe.ts';

const RING = 2 ** 20;

function vchanPipe(channel: Vchan): Pipe {
  const buffer = new Uint8Array(65_536);
  return {
    async read() {
      const count = await channel.read(buffer);
      if (count === 0) throw new Error('the channel is over');
      return buffer.subarray(0, count);
    },
    write(bytes) {
      const count = channel.tryWrite(bytes);
      return count === bytes.length ? undefined : writeRest(bytes.subarray(Math.max(0, count)));
    },
  };
  async function writeRest(bytes: Uint8Array): Promise<void> {
    if ((await channel.write(bytes)) < bytes.length) throw new Error('the channel is over');
  }
}

/** Both ends. Serves the domain `peer`; without one it connects to who is named on its console, and carries out the tasks there. */
export default async function kernel(dom: Domain): Promise<void> {
  if (dom.args.peer !== undefined) {
    const channel = await dom.vchan.server(Number(dom.args.peer), 'bench', { left: RING, right: RING });
    dom.console.write('offered\n');
    return serve(vchanPipe(channel));
  }
  let pipe: Promise<Pipe> | undefined;
  const carryOut = async (line: string): Promise<void> => {
    pipe ??= dom.vchan.client(Number(line), 'bench').then(vchanPipe);
    const said = line.startsWith('{') ? await drive(await pipe, JSON.parse(line) as Task) : 'connected';
    await pipe;
    dom.console.write(`${said}\n`);
  };
  dom.console.onData((data) => void carryOut(new TextDecoder().decode(data)));
  await new Promise(() => {});
}
