// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import { passes, readFilter } from '../event.ts';
import type { Xend } from '../service.ts';
import { checkParams } from './params.ts';
import { allTexts, oneNumber, readQuery } from './query.ts';
import { openStream } from './stream.ts';

/** `GET /events?since=MS&filters=KEY=VALUE` (see `contract.ts`). */
export function followEvents(xend: Xend, query: URLSearchParams, response: ServerResponse): void {
  const params = checkParams('events.read', readQuery(query, { since: oneNumber, filters: allTexts }));
  const filter = readFilter(params.filters ?? []);
  const { events, lost } = xend.events.read(params.since ?? Number.POSITIVE_INFINITY, filter);
  const lossOf = (count: number): string => JSON.stringify({ lost: count });
  const past = events.map((event) => JSON.stringify(event));
  const write = openStream(response, { past: [...(lost > 0 ? [lossOf(lost)] : []), ...past, 'null'], lossOf });
  response.once(
    'close',
    xend.events.follow((event) => {
      if (passes(filter, event)) write(JSON.stringify(event));
    }),
  );
}
