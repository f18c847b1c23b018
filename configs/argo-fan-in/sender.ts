// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { defineKernel } from 'xenidc';
import { findCollector } from './place.ts';

const COUNT = 1000;

/** Sends the numbers from 1 on, and waits whenever there is no room for one. */
export default defineKernel(async (dom) => {
  const collector = await findCollector(dom);
  await using port = await dom.argo.datagrams();
  for (let number = 1; number <= COUNT; number++) {
    const sent = await port.send(collector, new Uint8Array(Uint32Array.of(number, COUNT).buffer));
    if (typeof sent === 'string') throw new Error(`number ${number} was not sent: ${sent}`);
  }
  dom.console.write(`sent ${COUNT}\r\n`);
  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
