// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readXendConfig, type XendConfig } from '../config/xend-config.ts';
import { messageOf, XmError } from '../errors.ts';
import { renderDiagnostics } from '../sxp/render.ts';
import { errorHeading } from '../words.ts';

/**
 * The supervisor's own settings. A file that is not there has none, unless `XEND_CONFIG` names it.
 * @throws XmError `ECONFIG` with each place that is wrong, or when the log that it names cannot be written
 */
export function loadConfig(file: string, named = Boolean(process.env.XEND_CONFIG)): XendConfig {
  const source = { name: file, text: readText(file, named) };
  const { config, diagnostics } = readXendConfig(source, dirname(resolve(file)));
  if (config !== undefined) {
    if (config.logFile !== undefined) requireWritable(config.logFile, file);
    return config;
  }
  throw new XmError('ECONFIG', `${errorHeading(file, diagnostics.length)}\n${renderDiagnostics(source, diagnostics)}`);
}

/** The files that have to be there for what is set. */
export function namedFiles({ classPaths, tcp }: XendConfig): readonly string[] {
  const { keyFile, certFile, caFile } = tcp?.tls ?? {};
  return [...classPaths, keyFile, certFile, caFile, tcp?.tokenFile].filter((path) => path !== undefined);
}

function readText(file: string, named: boolean): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!named && (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new XmError('ECONFIG', `Unable to read xend's configuration: ${messageOf(error)}`, { cause: error });
  }
}

/** A log that cannot be written later, as on a full disk, stops nothing; one that never could be is a mistake. */
function requireWritable(log: string, file: string): void {
  const there = existsSync(log);
  const place = there ? log : existing(dirname(log));
  try {
    if (statSync(place).isDirectory() === there) throw new Error(`${place} is ${there ? 'a' : 'no'} directory`);
    accessSync(place, constants.W_OK);
  } catch (error) {
    throw new XmError('ECONFIG', `${file}: logfile ${log} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** What is there of a path. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}
