// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { Xend } from '../service.ts';
import { checkParams } from './params.ts';
import { allTexts, oneNumber, oneText, readQuery } from './query.ts';
import { openStream } from './stream.ts';

const READERS = { lines: oneNumber, since: oneNumber, until: oneNumber, level: oneText, domains: allTexts };

/** `GET /log?lines=N&since=MS&level=LEVEL&domains=NAME&framed=yes` (see `contract.ts`). */
export function followLog(xend: Xend, query: URLSearchParams, response: ServerResponse): void {
  const { framed: frames, ...params } = readQuery(query, READERS);
  const framed = frames === 'yes';
  const range = xend.logRange(checkParams('log.read', params));
  // A text of several lines is one record.
  const frame = framed ? (line: string) => JSON.stringify(line) : (line: string) => line;
  const past = xend.log.read(range).map(frame);
  const write = openStream(response, {
    past: framed ? [...past, 'null'] : past,
    lossOf: (lost) =>
      framed ? JSON.stringify({ lost }) : `[${lost} lines were lost: they came faster than they were read]`,
  });
  response.once(
    'close',
    xend.log.follow(range, (line) => write(frame(line))),
  );
}
