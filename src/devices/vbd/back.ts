// SPDX-License-Identifier: Apache-2.0
import { idcBack } from '../idc-back.ts';
import { type Image, openImage } from './image.ts';
import { VBD_QUOTAS } from './protocol.ts';
import { createBlockService } from './service.ts';

/** The back end of a disk: serves the file or block device that the configuration names. */
export default idcBack(VBD_QUOTAS, (endpoint, { buffers, config, counters }) => {
  let image: Image | undefined;
  // There is no connection before `open`.
  const { idle, onTransaction } = createBlockService(endpoint, buffers, () => image!, counters);
  return {
    handlers: { onTransaction },
    idle,
    async open() {
      const writable = config.mode !== 'r';
      image = await openImage({ uname: String(config.uname), dev: String(config.dev), writable });
    },
    async close() {
      await image?.close();
      image = undefined;
    },
  };
});
