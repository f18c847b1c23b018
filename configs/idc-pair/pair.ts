// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { defineKernel, TRANSPORT } from 'xenidc';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Both domains run this. Whoever meets at the address asks the other one once per connection, and answers what it is asked. */
export default defineKernel(async (dom) => {
  const say = (line: string) => dom.console.write(`${line}\r\n`);

  const endpoint = dom.idc.endpoint(dom.args.address, {
    // With argo the two share no memory, so neither has to trust the other.
    channel: dom.args.channel === 'argo' ? 'argo' : 'ring',
    onTransaction(asked) {
      say(`asked: ${decoder.decode(asked.parameters.subarray(0, asked.parametersLength))}`);
      asked.complete(0, encoder.encodeInto(`pong from ${dom.name}`, asked.status).written);
    },
    async onConnect() {
      say('connected');
      const { transport, status } = await endpoint.call(encoder.encode(`ping from ${dom.name}`));
      if (transport === TRANSPORT.ok) say(`answered: ${decoder.decode(status)}`);
    },
    onDisconnect(done) {
      say('disconnected');
      done();
    },
  });

  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
