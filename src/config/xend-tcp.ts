// SPDX-License-Identifier: Apache-2.0
import type { Findings } from './context.ts';
import { type Form, readValue } from './form.ts';
import { anyText, boolean, type Check, filePath, integer } from './values.ts';

/** Where xend listens beside its unix socket, and whom it lets in. Files are absolute paths. */
export interface TcpConfig {
  readonly address: string;
  readonly port: number;
  /** Absent: plain text. */
  readonly tls?: {
    /** xend's own. */
    readonly keyFile: string;
    readonly certFile: string;
    /** Clients need a certificate that these authorities signed. */
    readonly caFile?: string;
  };
  /** Clients need to know what this file holds. */
  readonly tokenFile?: string;
}

const SWITCH = 'xend-tcp-xmlrpc-server';
const ADDRESS = `${SWITCH}-address`;
const PORT = `${SWITCH}-port`;
const KEY = `${SWITCH}-ssl-key-file`;
const CERT = `${SWITCH}-ssl-cert-file`;
const CA = `${SWITCH}-ssl-ca-file`;
const TOKEN = `${SWITCH}-token-file`;

/** The keys of spec/xend.md 5.6 for it, and two of ours: for authorities and for the token. */
export const TCP_KEYS: readonly string[] = [SWITCH, ADDRESS, PORT, KEY, CERT, CA, TOKEN];

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/**
 * Reads them. What would let in anybody, or send a token over a network as it is, is an error.
 *
 * @param forms all forms of the file, by key
 * @param directory where relative paths start
 * @returns undefined unless it is switched on
 */
export function readTcp(
  forms: ReadonlyMap<string, readonly Form[]>,
  directory: string,
  findings: Findings,
): TcpConfig | undefined {
  const read = <T>(key: string, check: Check<T>): T | undefined => {
    const [form] = forms.get(key) ?? [];
    return form && readValue(form, '', check, findings);
  };
  const on = read(SWITCH, boolean);
  const [address, port] = [read(ADDRESS, anyText) ?? 'localhost', read(PORT, integer(1, 65_535)) ?? 8006];
  const [keyFile, certFile, caFile, tokenFile] = [KEY, CERT, CA, TOKEN].map((key) => read(key, filePath(directory)));
  const [form] = forms.get(SWITCH) ?? [];
  if (on !== true || form === undefined) return undefined;

  const given = (key: string) => forms.has(key);
  const authorities = caFile === undefined ? {} : { caFile };
  const tls = keyFile !== undefined && certFile !== undefined ? { keyFile, certFile, ...authorities } : undefined;
  const problems = [
    [!given(CA) && !given(TOKEN), `would let in anybody: it needs ${CA} (client certificates) or ${TOKEN}`],
    [given(KEY) !== given(CERT), `needs both ${KEY} and ${CERT}`],
    [given(CA) && !given(KEY) && !given(CERT), `needs ${KEY} and ${CERT}, since ${CA} is given`],
    [
      !given(KEY) && !LOOPBACK.test(address),
      `would send all in plain text: other addresses than localhost need ${KEY}`,
    ],
  ] as const;
  for (const [wrong, problem] of problems) {
    if (wrong) findings.report('config-bad-value', `${SWITCH} ${problem}`, form.list.span);
  }
  return {
    address,
    port,
    ...(tls === undefined ? {} : { tls }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  };
}
