// SPDX-License-Identifier: Apache-2.0
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, XmError } from '../../errors.ts';
import { formatMetrics, OPENMETRICS_TYPE } from '../openmetrics.ts';
import type { Xend } from '../service.ts';
import { send } from './answer.ts';
import { listening, timeLimits } from './server.ts';

/** Collectors are few. */
const MAX_CONNECTIONS = 20;
/** Names of this machine for itself: a web page whose name was made to lead here asks for another one. */
const OWN_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/**
 * Serves metrics, and nothing else, on a port of this machine's own address: whoever is on the machine may read them, nobody
 * else.
 *
 * @param port 0 for any that is free
 * @throws XmError `ECONFIG` if the port cannot be had
 */
export async function serveMetrics(xend: Xend, port: number): Promise<Server> {
  const server = createServer(timeLimits({}), answerMetrics(xend));
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, '127.0.0.1');
  await listening(xend, server).catch((error) => {
    throw new XmError('ECONFIG', `xend cannot serve metrics on port ${port}: ${messageOf(error)}`);
  });
  xend.log.write('INFO', `Metrics are at http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
  return server;
}

function answerMetrics(xend: Xend): RequestListener {
  return (request, response) => {
    const path = request.url?.replace(/\?.*/, '');
    if (!OWN_HOST.test(request.headers.host ?? '')) send(response, 403, 'text/plain', 'not for other hosts\n');
    else if (request.method !== 'GET') send(response, 405, 'text/plain', 'only GET\n');
    else if (path !== '/metrics') send(response, 404, 'text/plain', 'only /metrics\n');
    else {
      xend.methods.metrics({}).then(
        ({ families }) => send(response, 200, OPENMETRICS_TYPE, formatMetrics(families)),
        (error) => send(response, 500, 'text/plain', `${messageOf(error)}\n`),
      );
    }
  };
}
