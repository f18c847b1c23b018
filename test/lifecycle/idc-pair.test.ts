// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Terminal } from '../support/terminal.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const SAMPLES = resolve(import.meta.dirname, '../../configs/idc-pair');

/** Creates one of the two sample domains, from its own configuration. */
async function sample(xend: TestXend, name: 'left' | 'right'): Promise<Terminal> {
  const file = join(SAMPLES, `${name}.sxp`);
  await xend.call('domain.create', { text: readFileSync(file, 'utf8'), file, directory: SAMPLES, paused: false });
  return xend.open(name);
}

test('two domains meet at an address, and meet again when one was killed', async () => {
  await using xend = await startXend();
  using left = await sample(xend, 'left');
  using right = await sample(xend, 'right');
  for (const [terminal, other] of [
    [left, 'right'],
    [right, 'left'],
  ] as const) {
    await terminal.readUntil('connected');
    await terminal.readUntil(`answered: pong from ${other}`);
  }
});
