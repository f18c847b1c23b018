// SPDX-License-Identifier: Apache-2.0
import { idcBack } from '../../../src/devices/idc-back.ts';
import { FRAGILE_QUOTAS } from './class.ts';

export default idcBack(FRAGILE_QUOTAS, (_endpoint, { broken }) => ({
  handlers: {
    onMessage(message) {
      message.complete();
      broken('blamed by the back end');
    },
  },
}));
