// SPDX-License-Identifier: Apache-2.0
import type { Domain } from '../../../src/domain/contract.ts';
import type { Pipe } from './pipe.ts';
import { runPipe } from './pipe-kernel.ts';

const PORT = 9;
const RING = 4 * 2 ** 20;
/** Messages after which a sender that waits for room is told of it, though there are more. */
const BATCH = 32;

/** Each write a message, whole. */
async function argoPipe({ argo }: Domain, peer: number, registered = (): void => {}): Promise<Pipe> {
  const ring = await argo.register(PORT, peer, RING);
  let look: (() => void) | undefined;
  await argo.listenVirq(() => look?.());
  registered();
  const [source, to] = [{ aport: PORT }, { domid: peer, aport: PORT }];
  const pieces: Uint8Array[] = [];
  let taken = 0;

  function receive(): Uint8Array | undefined {
    const message = ring.receive();
    if (message === undefined || ++taken === BATCH) {
      taken = 0;
      argo.notify();
    }
    return message?.bytes;
  }

  function receiveLater(): Promise<Uint8Array> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    look = () => {
      const bytes = receive();
      if (bytes !== undefined) {
        look = undefined;
        resolve(bytes);
      }
    };
    return promise;
  }

  return {
    read: () => receive() ?? receiveLater(),
    write(bytes) {
      pieces[0] = bytes;
      const sent = argo.sendv(source, to, pieces, 1);
      if (sent === bytes.length) return undefined;
      return argo.send(source, to, [bytes], 1).then((late) => {
        if (typeof late === 'string') throw new Error(late);
      });
    },
  };
}

export default (dom: Domain): Promise<never> => runPipe(dom, { serve: argoPipe, connect: argoPipe });
