// SPDX-License-Identifier: Apache-2.0
import { Command } from '@oclif/core/command';
import type { Input, ParserOutput } from '@oclif/core/interfaces';
import { XmError } from '../errors.ts';
import { createClient, type XendClient } from '../xend/client.ts';
import type { XendApi, XendMethod } from '../xend/contract.ts';
import { type RunPaths, runPaths } from '../xend/paths.ts';
import { failureOf, report, usageError } from './failure.ts';

type Values = Record<string, unknown>;

/**
 * Base of all commands: the connection to xend, `--json`, and one form for errors. A command's `run` prints with
 * {@link print} and returns the value that `--json` shows instead.
 */
export abstract class XmCommand extends Command {
  static override enableJsonFlag = true;

  /** With `--json` it writes an object a line, an error too: whoever reads lines can read all of them. */
  protected readonly jsonLines: boolean = false;

  /** How it is written follows a mistake on stdout. */
  protected readonly tellsUsage: boolean = true;

  /**
   * The connection to xend.
   *
   * @param start whether xend is started when it does not run; commands that only look do not want that.
   * @param signal ends all connections.
   */
  protected xend(start = true, signal?: AbortSignal): XendClient {
    const paths = runPaths();
    return createClient({
      socket: paths.socket,
      ...(signal && { signal }),
      ...(start && process.env.XM_NO_AUTOSTART !== '1' ? { start: () => this.#startXend(paths) } : {}),
      onMismatch: (theirs, ours) =>
        this.notice(`xend speaks protocol ${theirs}, this xm ${ours}: run 'xm xend restart'.`),
    });
  }

  /** Starts xend, and says what it found of one that was killed. */
  async #startXend(paths: RunPaths): Promise<void> {
    await (await import('./xend-process.ts')).startXend(paths);
    const { recovered } = await createClient({ socket: paths.socket }).call('xend.status', {});
    for (const sentence of recovered) this.notice(`xend: ${sentence}`);
  }

  /** As oclif's, but that two options may not ask for different forms. @throws XmError `EUSAGE` */
  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Input<F, B, A>,
    argv?: string[],
  ): Promise<ParserOutput<F, B, A>> {
    const parsed = await super.parse(options, argv);
    const given: Values = parsed.flags;
    for (const [name, flag] of Object.entries(options?.flags ?? {})) {
      const isForm = flag.type === 'option' && flag.options?.includes('json') === true;
      const typed = given[name] !== undefined && parsed.metadata.flags[name]?.setFromDefault !== true;
      if (!isForm || !typed || given[name] === 'json' || !this.jsonEnabled()) continue;
      throw usageError(`--json and --${name}=${given[name]} are different forms: one of them is enough.`);
    }
    return parsed;
  }

  /** One call of xend. */
  protected call<M extends XendMethod>(method: M, params: XendApi[M]['params']): Promise<XendApi[M]['result']> {
    return this.xend().call(method, params);
  }

  /**
   * Lines of a stream of xend that has no end, until the caller leaves the loop.
   *
   * @throws XmError `EXENDDIED` when xend ends
   */
  protected async *follow(path: string): AsyncGenerator<string, never> {
    yield* this.xend().follow(path);
    throw new XmError('EXENDDIED', 'xend has ended: nothing more will come.');
  }

  /** Writes to stdout as it is, unless the result is wanted as JSON. */
  protected print(text: string | Uint8Array): void {
    if (!this.jsonEnabled()) process.stdout.write(text);
  }

  /** One line on stderr that is not an error. */
  protected notice(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  protected override async catch(thrown: Error & { code?: string; oclif?: { exit?: number } }): Promise<void> {
    // What oclif throws to leave with a status: `this.exit(3)`.
    if (thrown.code === 'EEXIT') {
      process.exitCode = thrown.oclif?.exit ?? 0;
      return;
    }
    // Commands without options or arguments leave the statics of the base class undefined.
    const { id, description, args = {}, flags = {} } = this.ctor;
    const json = this.jsonLines ? 'json line' : 'json';
    const { usage, ...failure } = failureOf(thrown, { id, description, args, flags });
    const told = usage !== undefined && this.tellsUsage ? { ...failure, usage } : failure;
    report(told, this.jsonEnabled() ? json : 'text');
    if (process.env.XM_DEBUG === '1') process.stderr.write(`${thrown.stack ?? thrown}\n`);
  }
}
