// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '../config/contract.ts';
import { isPython } from '../config/language.ts';
import { printConfig } from '../config/print.ts';
import { readConfig } from '../config/read.ts';
import type { DeviceClass } from '../devices/contract.ts';
import { positionOf } from '../sxp/position.ts';
import { renderDiagnostics } from '../sxp/render.ts';
import type { CheckResult, ConfigText } from './contract.ts';

/** Reads a configuration text once, for `validate`, for the dry run and for `create`. */
export function checkConfig(
  { text: written, file, directory, format, variables, number }: ConfigText,
  classes: readonly DeviceClass[],
): { readonly result: CheckResult; readonly configs: readonly VmConfig[] | undefined } {
  // In Python-style text it formats a value.
  const numbered = number !== undefined && written.includes('%d') && !isPython({ name: file, text: written });
  const text = numbered ? written.replaceAll('%d', String(number)) : written;
  const source = { name: file, text };
  const { configs: read, diagnostics } = readConfig(source, { directory, classes, format, variables });
  const configs =
    number === undefined || numbered ? read : read?.map((config) => ({ ...config, name: `${config.name}-${number}` }));
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const result: CheckResult = {
    ok: configs !== undefined,
    report: diagnostics.length === 0 ? '' : `${renderDiagnostics(source, diagnostics)}\n`,
    errors,
    warnings: diagnostics.length - errors,
    diagnostics: diagnostics.map(({ severity, code, message, span, hint }) => {
      const from = span.source ?? source;
      const { line, column } = positionOf(from, span.start);
      return { severity, code, message, file: from.name, line, column, ...(hint === undefined ? {} : { hint }) };
    }),
    ...(configs === undefined ? {} : { sxp: configs.map(printConfig).join('') }),
  };
  return { result, configs };
}
