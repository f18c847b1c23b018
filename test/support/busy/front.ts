// SPDX-License-Identifier: Apache-2.0
import { idcFront } from '../../../src/devices/idc-front.ts';
import { BUSY_QUOTAS } from './class.ts';

export default idcFront(BUSY_QUOTAS, () => ({ driver: {} }));
