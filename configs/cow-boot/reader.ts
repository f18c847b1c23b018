// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import {
  type BlockDevice,
  type Domain,
  defineKernel,
  type FrameVector,
  type LocalBuffer,
  PAGE_SIZE,
  slice,
} from 'xenidc';

/** Hidden pages of the domain's own: never mapped, here or elsewhere. */
async function hiddenPages({ hypercalls, idc }: Domain, size: number): Promise<LocalBuffer<FrameVector>> {
  const pool = await hypercalls.frames.pool(Math.ceil(size / PAGE_SIZE));
  return idc.buffers.pages.pool(pool).alloc(size)!;
}

/** The md5 of what is in hidden pages: each is copied to a stack buffer, to look at it. */
function md5Of(dom: Domain, pages: LocalBuffer<FrameVector>): string | undefined {
  const { types } = dom.idc.buffers;
  const digest = dom.digest('md5');
  const stack = types.takeStack();
  for (let offset = 0; offset < pages.length; offset += PAGE_SIZE) {
    const length = Math.min(PAGE_SIZE, pages.length - offset);
    types.copy(slice(pages, offset, length), stack, (error) => {
      if (error) throw error;
      digest?.update(stack.base.subarray(0, length));
    });
  }
  types.giveStack(stack);
  return digest?.hex();
}

/** Says the md5 of the beginning of its disk, writes its number to one page of the disk if it is told which, and waits for its end. */
export default defineKernel(async (dom) => {
  const { disk = 'xvda', size = '8388608', write } = dom.args;
  const device = dom.devices.find(disk)?.driver as BlockDevice;
  const pages = await hiddenPages(dom, Number(size));
  // Shared with all domains that read it; nothing is copied.
  await device.readInto(0, pages);
  dom.console.write(`${md5Of(dom, pages)}  ${disk}, ${size} bytes\r\n`);
  if (write !== undefined) {
    // A page of this disk only: neither those who read it nor the image change.
    await device.write(Number(write) * PAGE_SIZE, new Uint8Array(512).fill(dom.domid));
    await device.readInto(0, pages);
    dom.console.write(`${md5Of(dom, pages)}  ${disk}, page ${write} written\r\n`);
  }
  if (!dom.signal.aborted) await once(dom.signal, 'abort');
});
