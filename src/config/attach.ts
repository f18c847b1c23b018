// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { Diagnostic } from '../sxp/contract.ts';
import { collector } from '../sxp/report.ts';
import { findConfigurable } from './classes.ts';
import type { Context, ReadOptions } from './context.ts';
import type { DeviceEntry } from './contract.ts';
import { checkDevice } from './device.ts';

const NOWHERE = { start: 0, end: 0 };

/**
 * Reads a device given as `CLASS KEY=VALUE...`, e.g. by `xm device-attach`, by the same rules as `(device (CLASS ...))`.
 *
 * @param pairs values by key
 * @throws XmError `ECONFIG` that lists everything that is wrong
 */
export function readDevice(
  className: string,
  pairs: Readonly<Record<string, string>>,
  options: ReadOptions,
): DeviceEntry {
  const { report, done } = collector();
  const context: Context = { ...options, report, complete: true, place: () => '' };
  const deviceClass = findConfigurable({ name: className, nameSpan: NOWHERE }, context);
  const given = Object.entries(pairs).map(([name, text]) => ({ name, text, nameSpan: NOWHERE, span: NOWHERE }));
  const entry = deviceClass && checkDevice(deviceClass, given, NOWHERE, context);
  if (entry === undefined) throw asError(className, done());
  return entry;
}

function asError(className: string, diagnostics: readonly Diagnostic[]): XmError {
  const [only, second] = diagnostics;
  if (only !== undefined && second === undefined) {
    return new XmError('ECONFIG', only.message, only.hint === undefined ? {} : { hint: only.hint });
  }
  const lines = diagnostics.map(({ message, hint }) => `  ${message}${hint === undefined ? '' : ` (${hint})`}`);
  return new XmError('ECONFIG', [`this ${className} device has ${lines.length} errors:`, ...lines].join('\n'));
}
