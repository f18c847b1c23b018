// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { startXend } from '../support/xend.ts';

/** A kernel with the smallest client that works: one request, one reply, from the first bytes of a fresh page. */
const KERNEL = `
  import { defineKernel } from 'xenidc';
  const [reqProd, rspProd, error] = [513, 515, 518];

  export default defineKernel(async ({ storePage, hypercalls: { evtchn }, console, args }) => {
    const { page, evtchn: port } = storePage!;
    const words = new Int32Array(page);
    const bytes = new Uint8Array(page);
    const changed = (ready: () => boolean) =>
      new Promise<void>((resolve) => evtchn.listen(port, () => ready() && resolve()));

    const path = new TextEncoder().encode('name\\0');
    bytes.set(new Uint8Array(new Int32Array([2, 7, 0, path.length]).buffer), 0);
    bytes.set(path, 16);
    Atomics.store(words, reqProd, args.broken === 'yes' ? 70000 : 16 + path.length);
    evtchn.notify(port);
    await changed(() => Atomics.load(words, rspProd) !== 0 || Atomics.load(words, error) !== 0);

    const [type, id, , length] = words.subarray(256, 260);
    const reply = new TextDecoder().decode(bytes.slice(1024 + 16, 1024 + 16 + length!));
    console.write(\`type \${type} id \${id} \${reply} error \${Atomics.load(words, error)}\\r\\n\`);
  });`;

async function run(args: string): Promise<string> {
  await using xend = await startXend();
  const kernel = xend.file('raw.ts', KERNEL);
  await xend.create({ name: 'raw', kernel, args, onCrash: 'preserve' }, true);
  const terminal = await xend.open('raw');
  await xend.call('domain.unpause', { domain: 'raw' });
  const line = await terminal.readUntil('\n');
  expect(xend.xend.store.check()).toEqual([]);
  return line.trim();
}

test('a kernel reads its name over its xenstore page', async () => {
  expect(await run('')).toBe('type 2 id 7 raw error 0');
});

test('a kernel with an impossible index is told so', async () => {
  expect(await run('broken=yes')).toBe('type 0 id 0  error 2');
});
