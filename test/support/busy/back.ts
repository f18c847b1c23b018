// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { idcBack } from '../../../src/devices/idc-back.ts';
import { BUSY_QUOTAS } from './class.ts';

export default idcBack(BUSY_QUOTAS, (_endpoint, { config }) => ({
  handlers: {},
  async idle() {
    while (!existsSync(String(config.until))) await sleep(5);
  },
}));
