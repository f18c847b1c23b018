// SPDX-License-Identifier: Apache-2.0
import type { Kernel } from '../../../src/index.ts';

/** What is typed, a line each. */
export interface StoreLoad {
  readonly mode: 'read' | 'write';
  /** Requests under way at a time. */
  readonly depth: number;
  /** Milliseconds. */
  readonly time: number;
}

/** Carries out the loads that are typed as JSON, a line each, over the domain's own connection; prints how many a second. */
const kernel: Kernel = async ({ console, xenstore, signal }) => {
  async function obey({ mode, depth, time }: StoreLoad): Promise<void> {
    let units = 0;
    await xenstore.write('data/k', '0123456789abcdef');
    const start = performance.now();
    const lane = async (): Promise<void> => {
      for (; performance.now() - start < time; units++) {
        if (mode === 'read') await xenstore.read('data/k');
        else await xenstore.write('data/k', '0123456789abcdef');
      }
    };
    await Promise.all(Array.from({ length: depth }, lane));
    console.write(`${(units / (performance.now() - start)) * 1000}\n`);
  }

  const decoder = new TextDecoder();
  let typed = '';
  console.onData((data) => {
    const lines = (typed + decoder.decode(data)).split('\n');
    typed = lines.pop() ?? '';
    for (const line of lines) obey(JSON.parse(line)).catch((error) => console.write(`${error}\n`));
  });
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
};

export default kernel;
