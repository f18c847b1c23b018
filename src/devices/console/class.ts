// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass } from '../contract.ts';
import { inspectByteRing } from '../inspect.ts';
import { moduleUrl } from '../module-url.ts';
import { consoleRings } from './page.ts';

/** Every domain's console: one page with two byte rings, served on a unix socket by its back end. */
export const console: DeviceClass = {
  name: 'console',
  aliases: [],
  doc: 'The console of a domain, on which its kernel prints and reads',
  fields: {},
  devid: () => 0,
  names: () => ['console'],
  front: moduleUrl('./front', import.meta.url),
  back: moduleUrl('./back', import.meta.url),
  implicit: true,
  counters: ['out', 'in'],
  inspect(page) {
    const rings = consoleRings(page);
    return [inspectByteRing('out', rings.out), inspectByteRing('in', rings.in)];
  },
};
