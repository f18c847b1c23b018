// SPDX-License-Identifier: Apache-2.0
import { defineKernel } from 'xenidc';
import { publishCollector } from './place.ts';

/** Takes the numbers that all senders send to one port, and says when it has all of them, in order. */
export default defineKernel(async (dom) => {
  await using port = await dom.argo.datagrams(7, { length: 4096 });
  dom.signal.addEventListener('abort', () => void port.close());
  await publishCollector(dom, port.local.aport);
  const last = new Map<number, number>();
  let complete = 0;
  for await (const { source, bytes } of port) {
    const [number, of] = new Uint32Array(bytes.buffer) as unknown as [number, number];
    if (number !== (last.get(source.domid) ?? 0) + 1) throw new Error(`domain ${source.domid} lost a number`);
    last.set(source.domid, number);
    if (number < of) continue;
    last.delete(source.domid);
    dom.console.write(`all ${of} of domain ${source.domid}\r\n`);
    if (++complete === Number(dom.args.senders)) dom.console.write('all of all\r\n');
  }
});
