// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { Xend } from '../service.ts';
import { checkParams } from './params.ts';

/** Log lines that wait for a slow follower, in bytes; one that is further behind is cut off. */
const FOLLOW_LIMIT = 4 * 1024 * 1024;

/** `GET /log?lines=N&since=MS` (see `contract.ts`). */
export function followLog(xend: Xend, query: URLSearchParams, response: ServerResponse): void {
  const range = checkParams(
    'log.read',
    Object.fromEntries([...query].map(([name, value]) => [name, value === '' ? Number.NaN : Number(value)])),
  );
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  for (const line of xend.log.read(range)) response.write(`${line}\n`);
  response.flushHeaders();
  const stop = xend.log.follow((line) => {
    response.write(`${line}\n`);
    if (response.writableLength > FOLLOW_LIMIT) response.destroy();
  });
  response.once('close', stop);
}
