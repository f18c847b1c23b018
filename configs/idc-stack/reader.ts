// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { defineKernel } from 'xenidc';
import { encode } from './request.ts';

/** Bytes that are asked for at once: all the memory that is lent. */
const PART = 1024 * 1024;

/** The client on top: lends memory, asks for all there is, part by part, and finds it there. */
export default defineKernel(async (dom) => {
  const endpoint = dom.idc.endpoint(dom.args.use);
  const memory = await dom.idc.buffers.alloc(PART);
  const lent = endpoint.register(memory, { rights: 'write' });
  if (lent === undefined) throw new Error('the endpoint has no registration left');
  const digest = dom.digest('md5');

  await endpoint.connected();
  for (let offset = 0; offset < Number(dom.args.size); offset += PART) {
    const { transport, error } = await endpoint.call(encode({ offset, length: PART, reference: lent.reference }));
    if (transport !== 0 || error !== 0) throw new Error(`reading at ${offset} failed: ${transport}, ${error}`);
    digest?.update(memory.base.slice(memory.offset, memory.offset + PART));
  }
  dom.console.write(`read ${digest?.hex()}\r\n`);
  lent.unregister(() => {});

  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
