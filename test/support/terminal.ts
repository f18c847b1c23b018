// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:net';

/** Longest wait for output: a bound, not a delay. */
const LIMIT = 20_000;

/** A client of a domain's console socket, as `xm console` is one. */
export interface Terminal extends Disposable {
  /** Everything that came so far. */
  readonly output: string;
  /** Bytes that came so far. */
  readonly received: number;
  /** Resolves when the console hung up. */
  readonly closed: Promise<unknown>;
  type(text: string): void;
  /** Waits until `text` comes after what was read before. @returns everything up to it and with it */
  readUntil(text: string): Promise<string>;
  /**
   * Types a line at the shell's prompt and waits for the next one.
   *
   * @param until ends the wait, if that is not the prompt
   * @returns what was printed between, lines ended by `\n`
   */
  run(line: string, until?: string): Promise<string>;
  /** Stops reading from the socket, or goes on. */
  stall(on: boolean): void;
  /** Hangs up. */
  close(): void;
}

/** @param name of the domain, as its shell's prompt has it */
export async function openTerminal(path: string, name: string): Promise<Terminal> {
  const socket = connect(path);
  await once(socket, 'connect');
  const decoder = new TextDecoder();
  const waiting = new Set<() => void>();
  let output = '';
  let received = 0;
  let read = 0;
  let ended = false;

  function look(): void {
    for (const check of [...waiting]) check();
  }

  socket.on('data', (data: Buffer) => {
    received += data.length;
    output += decoder.decode(data, { stream: true });
    look();
  });
  socket.on('error', () => socket.destroy());
  const closed = once(socket, 'close').then(() => {
    ended = true;
    look();
  });

  function readUntil(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        finish();
        reject(new Error(`${why} before ${JSON.stringify(text)}; there was ${JSON.stringify(output.slice(read))}`));
      };
      const limit = setTimeout(fail, LIMIT, `${LIMIT / 1000} s passed`);
      const finish = () => {
        clearTimeout(limit);
        waiting.delete(check);
      };
      const check = () => {
        const at = output.indexOf(text, read);
        if (at >= 0) {
          finish();
          const found = output.slice(read, at + text.length);
          read = at + text.length;
          resolve(found);
        } else if (ended) fail('the console hung up');
      };
      waiting.add(check);
      check();
    });
  }

  return {
    get output() {
      return output;
    },
    get received() {
      return received;
    },
    closed,
    readUntil,
    type: (text) => void socket.write(text),
    async run(line, until = `\n${name}# `) {
      socket.write(`${line}\r`);
      await readUntil('\r');
      const printed = await readUntil(until);
      return printed.slice(1, -until.length + 1).replaceAll('\r\n', '\n');
    },
    stall: (on) => void (on ? socket.pause() : socket.resume()),
    close: () => void socket.destroy(),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
