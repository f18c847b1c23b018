// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic, Source } from '../sxp/contract.ts';
import { parse } from '../sxp/parse.ts';
import { positionOf } from '../sxp/position.ts';
import { collector } from '../sxp/report.ts';
import type { Findings } from './context.ts';
import { asForms, FIELD, group, readValue } from './form.ts';
import { boolean, filePath, integer } from './values.ts';
import { readTcp, TCP_KEYS, type TcpConfig } from './xend-tcp.ts';

const METRICS_PORT = 'metrics-port';

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
}

/**
 * Reads the supervisor's own configuration: `(KEY VALUE)` forms, in an order of their own, all of them optional (spec/xend.md
 * 5.6). What nobody knows is an error, so that a misspelt key is not taken for its default.
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
  const shape = {
    prefix: '',
    known: ['xenstore', 'device-class', METRICS_PORT, ...TCP_KEYS],
    repeated: ['device-class'],
  };
  const given = group(asForms(parsed.forms, '', '(KEY ...)', findings), shape, findings);
  const [metrics] = given.get(METRICS_PORT) ?? [];
  const metricsPort = metrics && readValue(metrics, '', integer(1, 65_535), findings);
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
  };
  const diagnostics = [...parsed.diagnostics, ...done()].sort((a, b) => a.span.start - b.span.start);
  return { config: diagnostics.length === 0 ? config : undefined, diagnostics };
}
