// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { defineKernel } from 'xenidc';

/** Answers requests, over whatever connections come to port 80. */
export default defineKernel(async (dom) => {
  const http = createServer(async (request, response) => {
    const body = await text(request);
    dom.console.write(`${request.method} ${request.url}\r\n`);
    response.end(`${dom.name} got ${request.method} ${request.url} with ${body.length} characters\n`);
  });
  const server = dom.vsock.createServer((socket) => http.emit('connection', socket)).listen(80);
  await once(dom.signal, 'abort');
  server.close();
});
