// SPDX-License-Identifier: Apache-2.0
import type { DeviceClass } from '../devices/contract.ts';
import { cite } from '../sxp/show.ts';
import { didYouMean } from '../words.ts';
import type { Context } from './context.ts';
import type { Named } from './form.ts';

/** The class with that name or alias; an unknown one is reported. */
export function findClass({ name, nameSpan }: Named, context: Context): DeviceClass | undefined {
  const { classes, report } = context;
  const found = classes.find((candidate) => candidate.name === name || candidate.aliases.includes(name));
  if (found === undefined) {
    const words = classes.flatMap((candidate) => [candidate.name, ...candidate.aliases]);
    const hint = didYouMean(name, words) ?? `known classes: ${classes.map((known) => known.name).join(', ')}`;
    report('config-unknown-class', `unknown device class ${cite(name)}`, nameSpan, hint);
  }
  return found;
}

/** Like {@link findClass}, for a device of its own: those of an implicit class are not configured, which is reported. */
export function findConfigurable(named: Named, context: Context): DeviceClass | undefined {
  const found = findClass(named, context);
  if (!found?.implicit) return found;
  const message = `${found.name} cannot be configured: every domain has one`;
  context.report('config-implicit-class', message, named.nameSpan, 'leave it out');
  return undefined;
}
