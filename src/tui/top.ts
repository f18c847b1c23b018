// SPDX-License-Identifier: Apache-2.0
import type { XendClient } from '../xend/client.ts';
import { type ReportOptions, reporter, runBatch } from './batch.ts';
import { type ChoiceOptions, choiceOf } from './choice.ts';
import { xendSource } from './source.ts';

/** What `xm top` was asked. */
export interface TopOptions extends ChoiceOptions, Omit<ReportOptions, 'choice' | 'view'> {
  /** Reports, whatever the terminal is. */
  readonly batch: boolean;
  /** Rounds of reports; absent, without end. */
  readonly iterations: number | undefined;
  /** Seconds between two rounds. */
  readonly delay: number;
}

/**
 * The screen where there is a terminal for it, else reports.
 *
 * @throws XmError what {@link choiceOf} and the client throw
 */
export async function runTop(client: XendClient, options: TopOptions): Promise<void> {
  const { batch, iterations, delay, form, view } = options;
  const choice = choiceOf(options, form);
  const source = xendSource(client);
  const isScreen = process.stdout.isTTY && process.stdin.isTTY && process.env.TERM !== 'dumb';
  if (isScreen && !batch && form === undefined && iterations === undefined) {
    // Now, if it must: what is said of its start would stand in the screen.
    await client.call('xend.status', {});
    // React's development build, which is the default, takes twice the time a frame.
    process.env.NODE_ENV ??= 'production';
    const { openScreen } = await import('./app.tsx');
    return openScreen({ source, delay, page: view, ...(choice && { choice }) });
  }
  await runBatch({
    source,
    ...reporter({ ...options, view, choice }),
    iterations: iterations ?? Number.POSITIVE_INFINITY,
    delay,
    write: (text) => process.stdout.write(text),
  });
}
