// SPDX-License-Identifier: Apache-2.0
import type { XendClient } from '../xend/client.ts';
import { createCollector } from './collector.ts';
import type { ConsoleEnd, ConsoleSession } from './console.ts';
import { runConsole } from './console.ts';
import { readPattern } from './pattern.ts';

const OPENING = '************ REMOTE CONSOLE: CTRL-] TO QUIT ********\n';
const CLOSING = '\n************ REMOTE CONSOLE EXITED *****************\n';
/** Seconds a script waits for its pattern when it does not say how long. */
const UNTIL_TIMEOUT = 60;
const QUIET = 1;

/** What a user says about a console session. */
export interface AttachOptions {
  readonly until?: string | undefined;
  readonly timeout?: number | undefined;
  readonly quiet?: number | undefined;
  /** Leave out the banners (spec/xend.md 3.8), which only a terminal gets anyway. */
  readonly silent?: boolean | undefined;
  /** What was shown to others before. */
  readonly history?: string | Uint8Array | undefined;
  /** Return the console's output instead of writing it, for `--json`. */
  readonly collect?: boolean | undefined;
}

/** How a session went. */
export interface AttachResult {
  readonly end: ConsoleEnd;
  /** Only what was collected. */
  readonly output?: string;
}

/** Connects this process's stdin and stdout with a console, with banners on a terminal. */
export async function attach(path: string, options: AttachOptions): Promise<AttachResult> {
  const banner = (text: string) => {
    if (process.stdin.isTTY && !options.silent) process.stderr.write(text);
  };
  const timeout = options.timeout ?? (options.until === undefined ? undefined : UNTIL_TIMEOUT);
  const collector = options.collect ? createCollector() : undefined;
  const session: ConsoleSession = {
    path,
    input: process.stdin,
    output: collector?.stream ?? process.stdout,
    quiet: options.quiet ?? QUIET,
    ...(options.until === undefined ? {} : { until: readPattern(options.until) }),
    ...(timeout === undefined ? {} : { timeout }),
  };
  banner(OPENING);
  session.output.write(options.history ?? '');
  try {
    const end = await runConsole(session);
    return collector === undefined ? { end } : { end, output: collector.text() };
  } finally {
    banner(CLOSING);
  }
}

/** The same with the console of a domain. */
export async function attachTo(
  xend: Pick<XendClient, 'call'>,
  domid: number,
  options: AttachOptions,
): Promise<AttachResult> {
  const { path } = await xend.call('domain.console', { domain: String(domid) });
  return attach(path, options);
}
