// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { defineKernel } from 'xenidc';
import { BEYOND, decode } from './request.ts';

/** The bottom layer has the data, and puts it where references lead, whoever lent the memory. */
export default defineKernel(async (dom) => {
  const data = Uint8Array.from({ length: 8 * 1024 * 1024 }, (_, index) => (index * 7919) >>> 8);
  const { buffers } = dom.idc;

  dom.idc.endpoint(dom.args.serve, {
    onTransaction(asked) {
      const request = decode(asked.parameters, data.length);
      if (request === undefined) return asked.complete(BEYOND);
      const { offset, length, reference } = request;
      const wanted = buffers.bytes.of(data.subarray(offset, offset + length));
      buffers.send(wanted, reference, 0, (error) => asked.complete(error ? -1 : 0));
    },
  });

  // What the reader on top sees of it: the layers between start at 1024 and 4096.
  const digest = dom.digest('md5');
  digest?.update(data.subarray(1024 + 4096, 1024 + 4096 + 4 * 1024 * 1024));
  dom.console.write(`has ${digest?.hex()}\r\n`);
  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
