// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { type BlockDevice, type Domain, defineKernel } from 'xenidc';

/** Bytes of a read. */
const CHUNK = 256 * 1024;

/** The md5 of the beginning of a disk. */
async function md5Of(dom: Domain, disk: string, size: number): Promise<string | undefined> {
  const device = dom.devices.find(disk)?.driver as BlockDevice;
  const digest = dom.digest('md5');
  const chunk = new Uint8Array(CHUNK);
  for (let offset = 0; offset < size; offset += CHUNK) {
    await device.readInto(offset, chunk);
    digest?.update(chunk);
  }
  return digest?.hex();
}

/** Reads the beginning of its disk, says its md5, and waits until it is asked to end. */
export default defineKernel(async (dom) => {
  const { disk = 'xvda', size = '8388608' } = dom.args;
  dom.console.write(`${await md5Of(dom, disk, Number(size))}  ${disk}, ${size} bytes\r\n`);
  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
