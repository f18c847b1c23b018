// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { XendApi } from '../contract.ts';
import type { Xend } from '../service.ts';
import { checkParams } from './params.ts';
import { openStream } from './stream.ts';

/** How a parameter of the query becomes one of `log.read`. */
const READ: Readonly<Record<string, (values: readonly string[]) => unknown>> = {
  lines: readNumber,
  since: readNumber,
  until: readNumber,
  level: ([value]) => value,
  domains: (values) => values,
};

/** `GET /log?lines=N&since=MS&level=LEVEL&domains=NAME&framed=yes` (see `contract.ts`). */
export function followLog(xend: Xend, query: URLSearchParams, response: ServerResponse): void {
  const framed = query.get('framed') === 'yes';
  const range = xend.logRange(readRange(query));
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

function readRange(query: URLSearchParams): XendApi['log.read']['params'] {
  const names = [...new Set(query.keys())].filter((name) => name !== 'framed');
  const given = names.map((name) => [name, (READ[name] ?? (() => ''))(query.getAll(name))] as const);
  return checkParams('log.read', Object.fromEntries(given));
}

/** Not a number unless there is one value that is. */
function readNumber([value = '', ...others]: readonly string[]): number {
  return value === '' || others.length > 0 ? Number.NaN : Number(value);
}
