// SPDX-License-Identifier: Apache-2.0
import { threadModule } from '../../thread-modules.ts';
import type { DeviceClass } from '../contract.ts';
import { historySize } from './history.ts';
import { consoleRings } from './page.ts';

/** Bytes of output that are kept, for a reader that comes later or reads slowly. */
const HISTORY = 256 * 1024;

/**
 * Every domain's console: one page with two byte rings, served on a unix socket by its back end.
 *
 * @param history bytes of output that are kept
 */
export const consoleClass = (history = HISTORY): DeviceClass => ({
  name: 'console',
  aliases: [],
  doc: 'The console of a domain, on which its kernel prints and reads',
  fields: {},
  devid: () => 0,
  names: () => ['console'],
  front: threadModule('devices/console/front'),
  back: threadModule('devices/console/back'),
  implicit: true,
  record: historySize(history),
  counters: ['out', 'in'],
  byteRings: consoleRings,
});
