// SPDX-License-Identifier: Apache-2.0
import type { Domain } from '../../../src/domain/contract.ts';
import type { Vchan } from '../../../src/vchan/contract.ts';
import type { Pipe } from './pipe.ts';
import { runPipe } from './pipe-kernel.ts';

const RING = 2 ** 20;

function vchanPipe(channel: Vchan): Pipe {
  const buffer = new Uint8Array(65_536);
  return {
    read() {
      const count = channel.tryRead(buffer);
      return count > 0 ? buffer.subarray(0, count) : readLater();
    },
    write(bytes) {
      const count = channel.tryWrite(bytes);
      return count === bytes.length ? undefined : writeRest(bytes.subarray(Math.max(0, count)));
    },
  };
  async function readLater(): Promise<Uint8Array> {
    const count = await channel.read(buffer);
    if (count === 0) throw new Error('the channel is over');
    return buffer.subarray(0, count);
  }
  async function writeRest(bytes: Uint8Array): Promise<void> {
    if ((await channel.write(bytes)) < bytes.length) throw new Error('the channel is over');
  }
}

export default (dom: Domain): Promise<never> =>
  runPipe(dom, {
    async serve({ vchan }, peer, offered) {
      const channel = await vchan.server(peer, 'bench', { left: RING, right: RING });
      offered();
      return vchanPipe(channel);
    },
    connect: async ({ vchan }, peer) => vchanPipe(await vchan.client(peer, 'bench')),
  });
