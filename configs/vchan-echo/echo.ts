// SPDX-License-Identifier: Apache-2.0
import { defineKernel } from 'xenidc';
import { otherDomain } from './other.ts';

/** Sends back what it is sent, to clients of the other domain one after another. */
export default defineKernel(async (dom) => {
  const { signal } = dom;
  const part = new Uint8Array(65_536);
  for await (const client of dom.vchan.listen(await otherDomain(dom), 'echo', {
    left: part.length,
    right: 1,
    signal,
  })) {
    let total = 0;
    for (let count = await client.read(part); count > 0; count = await client.read(part)) {
      total += await client.write(part.subarray(0, count));
    }
    const { reason } = await client.ended;
    dom.console.write(`sent back ${total} bytes; ${reason}\r\n`);
  }
});
