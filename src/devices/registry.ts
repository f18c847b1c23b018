// SPDX-License-Identifier: Apache-2.0
import { console } from './console/class.ts';
import type { DeviceClass } from './contract.ts';
import { vbd } from './vbd/class.ts';

/** The built-in device classes. Another built-in class is a folder and a line here. */
export const builtinClasses: readonly DeviceClass[] = [console, vbd];
