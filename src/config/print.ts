// SPDX-License-Identifier: Apache-2.0
import type { Sxp } from '../sxp/contract.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { VmConfig } from './contract.ts';
import { vmFields } from './fields.ts';

/** The `(vm ...)` form of a configuration, defaults included, as a value. */
export function configToSxp(config: VmConfig): Sxp {
  return ['vm', ...vmFields.flatMap((field) => (field.print as (value: unknown) => readonly Sxp[])(config[field.key]))];
}

/** A configuration as text, for dry runs and `xm list -l`: `readConfig` reads back an equal one. */
export function printConfig(config: VmConfig): string {
  return prettyPrint(configToSxp(config));
}
