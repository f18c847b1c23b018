// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { defineKernel } from 'xenidc';
import { BEYOND, decode, encode } from './request.ts';

/** A layer between: a part of what is below. It passes requests on, and with them the references; data it never sees. */
export default defineKernel(async (dom) => {
  const start = Number(dom.args.start);
  const size = Number(dom.args.size);
  let passed = 0;

  const below = dom.idc.endpoint(dom.args.use);
  dom.idc.endpoint(dom.args.serve, {
    async onTransaction(asked) {
      const request = decode(asked.parameters, size);
      if (request === undefined) return asked.complete(BEYOND);
      await below.connected();
      const { transport, error } = await below.call(encode({ ...request, offset: start + request.offset }));
      passed++;
      dom.console.write(`passed on ${passed} requests and ${dom.idc.buffers.moved()} bytes of data\r\n`);
      asked.complete(transport || error);
    },
  });

  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
