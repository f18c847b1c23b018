// SPDX-License-Identifier: Apache-2.0
import { Writable } from 'node:stream';

/** Takes output in place of stdout, for `--json`. */
export interface Collector {
  readonly stream: Writable;
  /** What has come so far. */
  text(): string;
}

export function createCollector(): Collector {
  const collected: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      collected.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(collected).toString() };
}
