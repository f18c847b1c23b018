// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';

/** Bytes that wait for a slow reader. */
const LIMIT = 1024 * 1024;

/** A stream of lines to a reader of any speed. */
export interface LineStream {
  /** Sends a line, without its newline; it is lost if too much waits already. */
  write(line: string): void;
}

/**
 * Begins an answer that goes on until its client hangs up.
 *
 * @param lossOf what a reader is told, as soon as it reads again, in place of so many lines that it was too slow for
 */
export function openStream(response: ServerResponse, type: string, lossOf: (lines: number) => string): LineStream {
  let lost = 0;
  function tellLoss(): void {
    if (lost > 0) response.write(`${lossOf(lost)}\n`);
    lost = 0;
  }
  response.writeHead(200, { 'content-type': type });
  response.flushHeaders();
  response.on('drain', tellLoss);
  return {
    write(line) {
      if (response.writableLength > LIMIT) {
        lost++;
        return;
      }
      tellLoss();
      response.write(`${line}\n`);
    },
  };
}
