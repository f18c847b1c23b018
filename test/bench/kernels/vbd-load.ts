// SPDX-License-Identifier: Apache-2.0
import type { BlockDevice, Kernel } from '../../../src/index.ts';
import { carryOut, type Load } from './load.ts';

/**
 * Carries out the loads that are typed as JSON, a line each, on its first disk; prints the milliseconds each one took. With
 * `lent` it uses memory that the disk's back end reaches by itself.
 */
const kernel: Kernel = async ({ console, devices, signal }) => {
  const disk = devices.find('xvda')?.driver as BlockDevice;
  const operations = {
    read: (offset: number, buffer: Uint8Array) => disk.readInto(offset, buffer),
    write: (offset: number, buffer: Uint8Array) => disk.write(offset, buffer),
  };

  async function obey(line: string): Promise<void> {
    const load = JSON.parse(line) as Load & { readonly lent: boolean };
    const operation = operations[load.op];
    const lent: { free(): void }[] = [];
    const lend = (length: number): Uint8Array => {
      const buffer = disk.buffer(length)!;
      lent.push(buffer);
      return buffer.bytes;
    };
    const time = await carryOut(
      load,
      disk.size,
      (offset, bytes, done) => {
        operation(offset, bytes).then(() => done(undefined), done);
      },
      load.lent ? lend : undefined,
    );
    for (const buffer of lent) buffer.free();
    console.write(`${time}\n`);
  }

  const decoder = new TextDecoder();
  let typed = '';
  console.onData((data) => {
    const lines = (typed + decoder.decode(data)).split('\n');
    typed = lines.pop() ?? '';
    for (const line of lines) obey(line).catch((error) => console.write(`${error}\n`));
  });
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
};

export default kernel;
