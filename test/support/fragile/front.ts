// SPDX-License-Identifier: Apache-2.0
import { idcFront } from '../../../src/devices/idc-front.ts';
import { FRAGILE_QUOTAS } from './class.ts';

/** What kernels get: has one of the ends accuse the other. */
export interface FragileDevice {
  blame(who: 'front' | 'back'): void;
}

export default idcFront(FRAGILE_QUOTAS, (endpoint, { broken }) => ({
  driver: {
    blame: (who) => (who === 'back' ? broken('blamed by the front end') : endpoint.post(new Uint8Array(1))),
  } satisfies FragileDevice,
}));
