// SPDX-License-Identifier: Apache-2.0
import { createDomainArgo } from '../../src/argo/domain-argo.ts';
import type { HypercallClient } from '../../src/hv/hypercalls.ts';
import { lazyArgoBell } from '../../src/idc/argo-bell.ts';
import { WORD, type Words } from './hv-words.ts';

/** Bytes of a connection's ring. */
const RING = 16_384;

/**
 * Sends back what comes at port 80, and itself streams to the other domain there, flat out; adds up what comes back in a word.
 * Ends by being ended.
 */
export async function argoMutual(dom: HypercallClient, { words, port: peer }: { words: Words; port: number }) {
  const argo = createDomainArgo(dom, lazyArgoBell(dom));
  void (async () => {
    for await (const stream of argo.listen(80, { ring: RING })) stream.on('error', () => {}).pipe(stream);
  })();
  for (;;) {
    const stream = await argo.connect({ domid: peer, aport: 80 }, { ring: RING, wait: true }).catch(() => undefined);
    if (stream === undefined) return new Promise<never>(() => {});
    stream.on('data', (part: Buffer) => Atomics.add(words, WORD.count + dom.domid, part.length));
    const chunk = Buffer.alloc(10_000);
    const pump = (): void => {
      while (!stream.destroyed && stream.write(chunk));
    };
    stream.on('drain', pump);
    pump();
    await new Promise((resolve) => stream.once('close', resolve).on('error', () => {}));
  }
}

/** Writes nonsense everywhere into a ring of its own that others send to, its indexes first, for ever. */
export async function argoScribble({ argo }: HypercallClient, { words, port }: { words: Words; port: number }) {
  const ring = await argo.register(port, 1, 4096);
  const own = new Int32Array(ring.buffer);
  for (let turn = 0; ; turn++) {
    for (let index = 0; index < own.length; index++)
      own[index % 3 === 0 ? index & 1 : index] = Math.imul(turn, 0x9e3779b1) + index;
    argo.notify();
    try {
      ring.receive();
    } catch {
      // What it wrote itself.
    }
    Atomics.add(words, WORD.count, 1);
    if (turn % 64 === 0) await new Promise(setImmediate);
  }
}
