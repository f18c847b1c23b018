// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { defineKernel } from 'xenidc';

/** Echoes, counts, and calls ports of the host that are typed on its console. */
export default defineKernel(async (dom) => {
  const say = (words: string) => dom.console.write(`${words}\r\n`);

  const echo = dom.vsock.createServer((socket) => socket.on('error', () => {}).pipe(socket));
  const count = dom.vsock.createServer((socket) => {
    const start = performance.now();
    let bytes = 0;
    socket.on('error', () => {});
    socket.on('data', (part: Uint8Array) => {
      bytes += part.length;
    });
    socket.once('end', () => {
      const rate = bytes / 1000 / Math.max(0.001, performance.now() - start);
      socket.end(`${bytes} bytes, ${rate.toFixed(1)} MB/s\n`);
    });
  });
  echo.listen(7, () => say('echo at port 7'));
  count.listen(9, () => say('a count at port 9'));

  dom.console.onData((typed) => {
    const port = Number.parseInt(new TextDecoder().decode(typed), 10);
    if (Number.isNaN(port)) return;
    const call = dom.vsock.connect(0, port);
    call.on('data', (part: Uint8Array) => dom.console.write(part));
    call.on('error', ({ message }) => say(message)).on('close', () => say(`port ${port} is closed`));
    call.end(`hello from ${dom.name}\n`);
  });
  await once(dom.signal, 'abort');
});
