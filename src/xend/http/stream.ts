// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';

/** Bytes that wait for a slow reader. */
const LIMIT = 1024 * 1024;

/** What a stream of lines begins with, and what stands for lines that are missing. */
export interface StreamText {
  /** All of it is sent, however slow the reader is. */
  readonly past: readonly string[];
  /** What a reader is told, as soon as it reads again, in place of so many lines that it was too slow for. */
  readonly lossOf: (lines: number) => string;
}

/**
 * Begins an answer that goes on until its client hangs up. Lines are without their newlines.
 *
 * @returns sends one more; it is lost if too much waits already
 */
export function openStream(response: ServerResponse, { past, lossOf }: StreamText): (line: string) => void {
  let lost = 0;
  function tellLoss(): void {
    if (lost > 0) response.write(`${lossOf(lost)}\n`);
    lost = 0;
  }
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.flushHeaders();
  for (const line of past) response.write(`${line}\n`);
  response.on('drain', tellLoss);
  return (line) => {
    if (response.writableLength > LIMIT) {
      lost++;
      return;
    }
    tellLoss();
    response.write(`${line}\n`);
  };
}
