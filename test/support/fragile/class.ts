// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass } from '../../../src/devices/contract.ts';

/** A device whose ends accuse each other of breaking the protocol, when a kernel wants them to; found as `fragile`. */
export const fragile: DeviceClass = {
  name: 'fragile',
  aliases: [],
  doc: 'A device that breaks.',
  fields: { backend: { type: 'domain', doc: 'The domain that serves it.', default: '0' } },
  devid: () => undefined,
  names: () => ['fragile'],
  front: new URL('./front.ts', import.meta.url),
  back: new URL('./back.ts', import.meta.url),
  counters: [],
};

/** Both ends' limits. */
export const FRAGILE_QUOTAS = { inFlight: 4, bodyBytes: 16, registrations: 1 };
