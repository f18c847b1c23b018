// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readXendConfig, type XendConfig } from '../config/xend-config.ts';
import { messageOf, XmError } from '../errors.ts';
import { renderDiagnostics } from '../sxp/render.ts';

/**
 * The supervisor's own settings. A file that is not there has none, unless `XEND_CONFIG` names it.
 * @throws XmError `ECONFIG` with each place that is wrong
 */
export function loadConfig(file: string, named = Boolean(process.env.XEND_CONFIG)): XendConfig {
  const source = { name: file, text: readText(file, named) };
  const { config, diagnostics } = readXendConfig(source, dirname(resolve(file)));
  if (config !== undefined) return config;
  const count = diagnostics.length === 1 ? 'an error' : `${diagnostics.length} errors`;
  throw new XmError('ECONFIG', `${file} has ${count}:\n${renderDiagnostics(source, diagnostics)}`);
}

function readText(file: string, named: boolean): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!named && (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new XmError('ECONFIG', `Unable to read xend's configuration: ${messageOf(error)}`, { cause: error });
  }
}
