// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass } from '../../../src/devices/contract.ts';

/** A device whose back end lets go when a test says so, by the file `until`; found as `busy`. */
export const busy: DeviceClass = {
  name: 'busy',
  aliases: [],
  doc: 'A device that has work to do.',
  fields: {
    backend: { type: 'domain', doc: 'The domain that serves it.', default: '0' },
    until: { type: 'string', doc: 'The file that is there when the work is done.' },
  },
  devid: () => undefined,
  names: () => ['busy'],
  front: new URL('./front.ts', import.meta.url),
  back: new URL('./back.ts', import.meta.url),
  counters: [],
};

/** Both ends' limits. */
export const BUSY_QUOTAS = { inFlight: 4, bodyBytes: 16, registrations: 1 };
