// SPDX-License-Identifier: Apache-2.0

import { basename } from 'node:path';
import { toSxp } from '../sxp/access.ts';
import type { Diagnostic, Source } from '../sxp/contract.ts';
import { parse } from '../sxp/parse.ts';
import { positionOf } from '../sxp/position.ts';
import { collector } from '../sxp/report.ts';
import type { Findings } from './context.ts';
import { asForms, FIELD, group, readValue } from './form.ts';
import { boolean, type Check, filePath, integer } from './values.ts';
import { XEND_FIELDS, type XendValues } from './xend-fields.ts';
import { readTcp, TCP_KEYS, type TcpConfig } from './xend-tcp.ts';
import { isUnsupported, whyUnsupported } from './xend-unsupported.ts';

const METRICS_PORT = 'metrics-port';
const LOG_FILE = 'logfile';
const KNOWN = ['xenstore', 'device-class', METRICS_PORT, LOG_FILE, ...Object.keys(XEND_FIELDS), ...TCP_KEYS];

/** What `xend-config.sxp` says about the supervisor itself. */
export interface XendConfig {
  readonly xenstore: {
    /** Domain 0's part of the store outlives xend. */
    readonly persist: boolean;
  };
  /** Modules of device classes of users' own that all domains may have, absolute. */
  readonly classPaths: readonly string[];
  /** Absent: the unix socket is all there is. */
  readonly tcp?: TcpConfig;
  /** Port of this machine's own address for collectors of metrics; absent: none. */
  readonly metricsPort?: number;
  /** Absolute; absent: that of the state directory. */
  readonly logFile?: string;
  /** All other keys, by their names. */
  readonly values: XendValues;
}

/** Whether a text is that, and not the configuration of a domain: it is called so, or begins with one of its keys. */
export function isXendConfig(source: Source): boolean {
  if (basename(source.name) === 'xend-config.sxp') return true;
  const [first] = parse(source).forms;
  const head = first?.kind === 'list' ? first.items[0] : undefined;
  return head?.kind === 'atom' && (KNOWN.includes(head.text) || isUnsupported(head.text));
}

/**
 * Reads the supervisor's own configuration: `(KEY VALUE)` forms, in an order of their own, all of them optional (spec/xend.md
 * 5.6). What nobody knows is an error, so that a misspelt key is not taken for its default; so is what Xen's xend knows and this
 * one cannot do, unless it asks for nothing.
 * @param directory where relative paths start
 * @returns no configuration when something is wrong
 */
export function readXendConfig(
  source: Source,
  directory: string,
): {
  readonly config: XendConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  const parsed = parse(source);
  const { report, done } = collector();
  const findings: Findings = { report, place: ({ start }) => ` on line ${positionOf(source, start).line}` };
  const forms = asForms(parsed.forms, '', '(KEY ...)', findings);
  for (const form of forms.filter(({ name }) => isUnsupported(name))) {
    const why = whyUnsupported(form.name, form.values.map(toSxp));
    if (why !== undefined) report('config-not-supported', `${form.name} is not supported: ${why}`, form.list.span);
  }
  const known = forms.filter(({ name }) => !isUnsupported(name));
  const given = group(known, { prefix: '', known: KNOWN, repeated: ['device-class'] }, findings);
  const read = <T>(key: string, check: Check<T>): T | undefined => {
    const [form] = given.get(key) ?? [];
    return form && readValue(form, '', check, findings);
  };
  const metricsPort = read(METRICS_PORT, integer(1, 65_535));
  const logFile = read(LOG_FILE, filePath(directory));
  const tcp = readTcp(given, directory, findings);
  const [xenstore] = given.get('xenstore') ?? [];
  const prefix = 'xenstore: ';
  const fields = asForms(xenstore?.values ?? [], prefix, FIELD, findings);
  const [persist] = group(fields, { prefix, known: ['persist'] }, findings).get('persist') ?? [];
  const config = {
    xenstore: { persist: (persist && readValue(persist, prefix, boolean, findings)) ?? false },
    classPaths: (given.get('device-class') ?? []).flatMap(
      (form) => readValue(form, '', filePath(directory), findings) ?? [],
    ),
    ...(tcp === undefined ? {} : { tcp }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...(logFile === undefined ? {} : { logFile }),
    values: readValues(read),
  };
  const diagnostics = [...parsed.diagnostics, ...done()].sort((a, b) => a.span.start - b.span.start);
  return { config: diagnostics.length === 0 ? config : undefined, diagnostics };
}

/** What the file says of them, else their defaults. */
function readValues(read: <T>(key: string, check: Check<T>) => T | undefined): XendValues {
  const value = <K extends keyof XendValues>(key: K): XendValues[K] =>
    read(key, XEND_FIELDS[key].check) ?? XEND_FIELDS[key].default;
  return {
    loglevel: value('loglevel'),
    'console-limit': value('console-limit'),
    'device-create-timeout': value('device-create-timeout'),
    'device-destroy-timeout': value('device-destroy-timeout'),
    'enable-dump': value('enable-dump'),
    'dom0-min-mem': value('dom0-min-mem'),
    total_available_memory: value('total_available_memory'),
  };
}
