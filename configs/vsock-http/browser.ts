// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { defineKernel } from 'xenidc';

/** Asks the domain that its argument names: three requests, over one connection that is kept. */
export default defineKernel(async (dom) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  Object.assign(agent, { createConnection: () => dom.vsock.connect(dom.args.server ?? 'web', 80) });

  async function post(path: string, body: string): Promise<string> {
    const asking = request({ agent, path, method: 'POST' });
    asking.end(body);
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    return text(answer);
  }

  for (const [path, body] of [
    ['/', ''],
    ['/short', 'a few words'],
    ['/long', 'many words '.repeat(100_000)],
  ] as const) {
    // The other one may not listen yet.
    let answer = await post(path, body).catch(() => undefined);
    while (answer === undefined && !dom.signal.aborted) {
      await setTimeout(20);
      answer = await post(path, body).catch(() => undefined);
    }
    dom.console.write(`${answer}\r`);
  }
  agent.destroy();
  dom.console.write('done\r\n');
  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
