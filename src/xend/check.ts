// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '../config/contract.ts';
import { printConfig } from '../config/print.ts';
import { readConfig } from '../config/read.ts';
import type { DeviceClass } from '../devices/contract.ts';
import { positionOf } from '../sxp/position.ts';
import { renderDiagnostics } from '../sxp/render.ts';
import type { CheckResult, ConfigText } from './contract.ts';

/** Reads a configuration text once, for `validate`, for the dry run and for `create`. */
export function checkConfig(
  { text, file, directory }: ConfigText,
  classes: readonly DeviceClass[],
): { readonly result: CheckResult; readonly configs: readonly VmConfig[] | undefined } {
  const source = { name: file, text };
  const { configs, diagnostics } = readConfig(source, { directory, classes });
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const result: CheckResult = {
    ok: configs !== undefined,
    report: diagnostics.length === 0 ? '' : `${renderDiagnostics(source, diagnostics)}\n`,
    errors,
    warnings: diagnostics.length - errors,
    diagnostics: diagnostics.map(({ severity, code, message, span, hint }) => {
      const { line, column } = positionOf(source, span.start);
      return { severity, code, message, file, line, column, ...(hint === undefined ? {} : { hint }) };
    }),
    ...(configs === undefined ? {} : { sxp: configs.map(printConfig).join('') }),
  };
  return { result, configs };
}
