// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { defineKernel } from 'xenidc';

/** Requests that each domain makes, all at once. */
const REQUESTS = 1000;
const quotas = { inFlight: 1 };

/** Both domains run this: each is a back end that adds up what it is sent, and a client of the other's. */
export default defineKernel(async (dom) => {
  let sum = 0;
  dom.idc.endpoint(dom.args.serve, {
    quotas,
    onTransaction(asked) {
      sum += asked.parameters[0] ?? 0;
      new DataView(asked.status.buffer, asked.status.byteOffset).setUint32(0, sum);
      asked.complete(0, 4);
    },
  });

  const client = dom.idc.endpoint(dom.args.use, { quotas });
  await client.connected();
  const answers = await Promise.all(Array.from({ length: REQUESTS }, () => client.call(Uint8Array.of(2))));
  const { status } = answers.at(-1)!;
  dom.console.write(`the other one added up ${new DataView(status.buffer, status.byteOffset).getUint32(0)}\r\n`);

  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
