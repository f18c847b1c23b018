// SPDX-License-Identifier: Apache-2.0
import { idcBack } from '../idc-back.ts';
import { openCow } from './cow.ts';
import { type Image, openImage } from './image.ts';
import { VBD_QUOTAS } from './protocol.ts';
import { createBlockService } from './service.ts';
import { isCow } from './uname.ts';

/** What may be written to a `cow:` disk unless its configuration says another number. */
const OVERLAY_MB = 16;

/** The back end of a disk: serves the file or block device that the configuration names. */
export default idcBack(VBD_QUOTAS, (endpoint, { buffers, config, counters, hypercalls }) => {
  let image: Image | undefined;
  // There is no connection before `open`.
  const { idle, onTransaction } = createBlockService(endpoint, buffers, () => image!, counters);
  return {
    handlers: { onTransaction },
    idle,
    async open() {
      const wanted = { uname: String(config.uname), dev: String(config.dev), writable: config.mode !== 'r' };
      image = isCow(wanted.uname)
        ? await openCow(wanted, { buffers, hypercalls }, Number(config.overlay ?? OVERLAY_MB) * 2 ** 20)
        : await openImage(wanted);
    },
    async close() {
      await image?.close();
      image = undefined;
    },
  };
});
