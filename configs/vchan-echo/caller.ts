// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { defineKernel } from 'xenidc';
import { otherDomain } from './other.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Connects three times, one after another, and prints what comes back. */
export default defineKernel(async (dom) => {
  const other = await otherDomain(dom);
  for (const number of ['first', 'second', 'third']) {
    const channel = await dom.vchan.client(other, 'echo', { wait: true });
    const words = encoder.encode(`the ${number} hello`);
    await channel.send(words);
    const answer = new Uint8Array(words.length);
    if (await channel.recv(answer)) dom.console.write(`came back: ${decoder.decode(answer)}\r\n`);
    await channel.close();
  }
  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
