// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { messageOf, XmError } from '../errors.ts';

/** CTRL-]: leaves the console, is not sent. */
const LEAVE = 0x1d;
/** So much of the latest output is searched for the pattern that ends a session. */
const SEARCHED = 65_536;

/** The part of a terminal's stdin that matters here; a pipe lacks both members. */
export type ConsoleInput = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };

/** One session on a domain's console. */
export interface ConsoleSession {
  /** Path of the unix socket on which the console's bytes flow. */
  readonly path: string;
  readonly input: ConsoleInput;
  readonly output: Writable;
  /** Ends the session with success when the output matches; not reaching it is an error. */
  readonly until?: RegExp;
  /** Seconds after which the session ends with an error. */
  readonly timeout?: number;
  /** Seconds without output, once the input has ended, after which the session ends. Not used with `until`. */
  readonly quiet: number;
}

/** Why a session ended without an error. */
export type ConsoleEnd = 'left' | 'closed' | 'matched' | 'quiet';

/**
 * Connects a terminal, or a script's pipes, with a domain's console.
 *
 * From a terminal, CTRL-] leaves. From a pipe the input is typed for the domain, and after its end the session goes on
 * until the console closes, `until` matches, or nothing has come for `quiet` seconds.
 *
 * @throws XmError `ECONSOLE` when the console cannot be reached, breaks, or ends before `until` matched; `ETIMEOUT`.
 */
export function runConsole(session: ConsoleSession): Promise<ConsoleEnd> {
  const { input, output, until, timeout, quiet } = session;
  return new Promise((resolve, reject) => {
    const socket = connect(session.path);
    const raw = input.isTTY === true;
    let inputEnded = false;
    const decoder = new TextDecoder();
    let seen = '';
    let deadline: NodeJS.Timeout | undefined;
    let idle: NodeJS.Timeout | undefined;

    let ended = false;
    const end = (outcome: ConsoleEnd | XmError) => {
      // The socket closes after that, when the terminal is somebody else's.
      if (ended) return;
      ended = true;
      for (const timer of [deadline, idle]) clearTimeout(timer);
      input.off('data', typed).off('end', inputEnd);
      if (raw) input.setRawMode?.(false);
      input.pause();
      socket.destroy();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const restartIdle = () => {
      clearTimeout(idle);
      if (inputEnded && !until) idle = setTimeout(end, quiet * 1000, 'quiet');
    };
    const typed = (bytes: Buffer) => {
      const at = raw ? bytes.indexOf(LEAVE) : -1;
      // A slow domain slows the script that types.
      if (!socket.write(at < 0 ? bytes : bytes.subarray(0, at))) pauseUntilDrained(input, socket);
      if (at >= 0) end('left');
    };
    const inputEnd = () => {
      inputEnded = true;
      restartIdle();
    };
    const shown = (bytes: Buffer) => {
      if (!output.write(bytes)) pauseUntilDrained(socket, output);
      restartIdle();
      if (!until) return;
      seen = (seen + decoder.decode(bytes, { stream: true })).slice(-SEARCHED);
      if (until.test(seen)) end('matched');
    };

    socket.on('data', shown);
    socket.once('error', (error) =>
      end(new XmError('ECONSOLE', `Cannot connect to the console: ${messageOf(error)}.`)),
    );
    socket.once('close', () => end(until ? unmatched('the console closed', until) : 'closed'));
    socket.once('connect', () => {
      if (raw) input.setRawMode?.(true);
      // Who had it before may have left it paused.
      input.on('data', typed).once('end', inputEnd).resume();
      // A configuration was read from it.
      if (input.readableEnded) inputEnd();
    });
    if (timeout !== undefined) {
      const message = until ? unmatched(`${timeout} seconds passed`, until) : late(timeout);
      deadline = setTimeout(end, timeout * 1000, message);
    }
  });
}

function pauseUntilDrained(source: Readable, target: Writable): void {
  source.pause();
  target.once('drain', () => source.resume());
}

function unmatched(event: string, until: RegExp): XmError {
  return new XmError('ETIMEOUT', `${event[0]?.toUpperCase()}${event.slice(1)} before the output matched ${until}.`);
}

function late(timeout: number): XmError {
  return new XmError('ETIMEOUT', `The console was still open after ${timeout} seconds.`);
}
