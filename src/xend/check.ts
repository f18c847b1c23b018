// SPDX-License-Identifier: Apache-2.0
import { findClassPaths } from '../config/class-paths.ts';
import type { ReadOptions } from '../config/context.ts';
import type { VmConfig } from '../config/contract.ts';
import { isPython } from '../config/language.ts';
import { type PoolConfig, readPoolConfig } from '../config/pool.ts';
import { printConfig } from '../config/print.ts';
import type { AskedFor } from '../config/python/library.ts';
import { readAskedFor } from '../config/python/read.ts';
import { readConfig } from '../config/read.ts';
import { isXendConfig, readXendConfig } from '../config/xend-config.ts';
import type { DeviceClass } from '../devices/contract.ts';
import { messageOf, XmError } from '../errors.ts';
import type { Diagnostic, Source } from '../sxp/contract.ts';
import { positionOf } from '../sxp/position.ts';
import { renderDiagnostics } from '../sxp/render.ts';
import { errorHeading } from '../words.ts';
import type { CheckResult, ConfigText } from './contract.ts';
import { checkedName } from './lookup.ts';
import type { DeviceClasses } from './own-classes.ts';

/** What a text is. */
export interface CheckedConfig {
  readonly result: CheckResult;
  readonly configs: readonly VmConfig[] | undefined;
  /** Classes of the user's own that it names, as they were read for it. */
  readonly own: readonly DeviceClass[];
}

/** Reads a configuration text once, for `validate`, for the dry run and for `create`. */
export async function checkConfig(
  { text: written, file, directory, format, variables, number }: ConfigText,
  classes: DeviceClasses,
): Promise<CheckedConfig> {
  // In Python-style text it formats a value.
  const numbered = number !== undefined && written.includes('%d') && !isPython({ name: file, text: written });
  const text = numbered ? written.replaceAll('%d', String(number)) : written;
  const source = { name: file, text };
  const { own, failures } = await readOwn(source, { directory, format, variables }, classes);
  const known = classes.all.filter(({ name }) => !own.some((item) => item.name === name));
  const { configs: parsed, diagnostics: found } = readConfig(source, {
    directory,
    classes: [...known, ...own],
    format,
    variables,
  });
  const read = failures.length > 0 ? undefined : parsed;
  // Which of its devices would be unknown is not known.
  const rest = found.filter(({ code }) => failures.length === 0 || code !== 'config-unknown-class');
  const diagnostics = [...failures, ...rest].sort((a, b) => a.span.start - b.span.start);
  const configs =
    number === undefined || numbered
      ? read
      : read?.map((config) => ({ ...config, name: checkedName(`${config.name}-${number}`) }));
  const result: CheckResult = {
    ok: configs !== undefined,
    ...outcome(source, diagnostics),
    ...(configs === undefined ? {} : { sxp: configs.map(printConfig).join('') }),
  };
  return { result, configs, own };
}

/** What was found, for people and as data. */
function outcome(source: Source, diagnostics: readonly Diagnostic[]): Omit<CheckResult, 'ok'> {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  return {
    report: diagnostics.length === 0 ? '' : `${renderDiagnostics(source, diagnostics)}\n`,
    errors,
    warnings: diagnostics.length - errors,
    diagnostics: diagnostics.map(({ severity, code, message, span, hint }) => {
      const from = span.source ?? source;
      const { line, column } = positionOf(from, span.start);
      return { severity, code, message, file: from.name, line, column, ...(hint === undefined ? {} : { hint }) };
    }),
  };
}

/** Reads a text for `xm validate`: the configuration of domains, or that of xend itself. */
export async function checkAny(text: ConfigText, classes: DeviceClasses): Promise<CheckResult> {
  const source = { name: text.file, text: text.text };
  if (text.format === 'sxp' || !isXendConfig(source)) return (await checkConfig(text, classes)).result;
  const { config, diagnostics } = readXendConfig(source, text.directory);
  return { ok: config !== undefined, ...outcome(source, diagnostics) };
}

/**
 * Reads it and takes note of the device classes that it names.
 *
 * @returns the configurations, and what is to be said about them
 * @throws XmError `ECONFIG` with all that is wrong
 */
export async function requireConfigs(
  text: ConfigText,
  classes: DeviceClasses,
): Promise<{ readonly configs: readonly VmConfig[]; readonly report: string }> {
  const { result, configs, own } = await checkConfig(text, classes);
  if (configs === undefined) {
    throw new XmError('ECONFIG', `${errorHeading(text.file, result.errors)}\n${result.report.trimEnd()}`);
  }
  own.forEach(classes.adopt);
  return { configs, report: result.report };
}

async function readOwn(source: Source, options: Omit<ReadOptions, 'classes'>, classes: DeviceClasses) {
  const own: DeviceClass[] = [];
  const failures: Diagnostic[] = [];
  for (const [path, span] of new Map(findClassPaths(source, options).map((found) => [found.path, found.span]))) {
    try {
      own.push(await classes.read(path));
    } catch (error) {
      failures.push({ code: 'config-bad-class', severity: 'error', message: messageOf(error), span });
    }
  }
  return { own, failures };
}

/**
 * Reads the configuration of a pool.
 *
 * @param variables `NAME=VALUE` each, which win over the text
 * @throws XmError `ECONFIG` with each place that is wrong
 */
export function readPool({ text, file }: Pick<ConfigText, 'text' | 'file'>, variables: readonly string[]): PoolConfig {
  const source = { name: file, text };
  const { config, diagnostics } = readPoolConfig(source, variables);
  if (config !== undefined) return config;
  throw new XmError('ECONFIG', `${errorHeading(file, diagnostics.length)}\n${renderDiagnostics(source, diagnostics)}`);
}

/**
 * What a configuration asks for.
 *
 * @throws XmError `ECONFIG` with each place that is wrong
 */
export function parametersOf({ text, file }: Pick<ConfigText, 'text' | 'file'>): readonly AskedFor[] {
  const source = { name: file, text };
  if (!isPython(source)) return [];
  const { asked, diagnostics } = readAskedFor(source);
  if (diagnostics.length === 0) return asked;
  throw new XmError('ECONFIG', `${errorHeading(file, diagnostics.length)}\n${renderDiagnostics(source, diagnostics)}`);
}
