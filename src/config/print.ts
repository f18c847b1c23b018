// SPDX-License-Identifier: Apache-2.0
import type { Sxp } from '../sxp/contract.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { VmConfig } from './contract.ts';
import { vmFields } from './fields.ts';

/** The `(vm ...)` form of a configuration, defaults included, as a value. */
export function configToSxp(config: VmConfig): Sxp {
  return ['vm', ...vmFields.flatMap(({ key }) => printField(key, config))];
}

/** The forms of one field of a configuration. */
export function printField(key: keyof VmConfig, config: VmConfig): readonly Sxp[] {
  const { print } = vmFields.find((field) => field.key === key)!;
  return (print as (value: unknown) => readonly Sxp[])(config[key]);
}

/** A configuration as text, for dry runs and `xm list -l`: `readConfig` reads back an equal one. */
export function printConfig(config: VmConfig): string {
  return prettyPrint(configToSxp(config));
}
