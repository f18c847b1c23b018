// SPDX-License-Identifier: Apache-2.0
import { consoleClass } from './console/class.ts';
import type { DeviceClass } from './contract.ts';
import { vbd } from './vbd/class.ts';

/** The built-in device classes. Another built-in class is a folder and a line here. */
export const builtinClasses = createBuiltinClasses();

/** @param consoleHistory bytes that are kept of what a console said, unless as many as usual */
export function createBuiltinClasses(consoleHistory?: number): readonly DeviceClass[] {
  return [consoleClass(consoleHistory), vbd];
}
