// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline/promises';
import type { Config } from '@oclif/core/config';
import { cutLine } from './line.ts';
import { runLine } from './main.ts';

const INTRODUCTION = "Subcommands of xm, one a line. 'help' lists them; 'exit' or CTRL-D leaves.\n";
const PROMPT = 'xm> ';
const LEAVE: readonly string[] = ['exit', 'quit'];

/**
 * Runs lines of stdin as command lines of `xm`, until the input ends or one says `exit` (spec/xend.md 4.6). What fails leaves an
 * exit status and does not leave the shell; the last one is that of the process, as in `sh`.
 *
 * @param extra options that each line is given
 */
export async function runShell(config: Config, extra: readonly string[]): Promise<void> {
  const asked = process.stdin.isTTY === true;
  if (asked) process.stdout.write(INTRODUCTION);
  for await (const line of asked ? askedLines() : givenLines()) {
    const { words, last, open } = cutLine(`${line} `);
    if (LEAVE.includes(words[0] ?? '')) return;
    if (words.length === 0 && open === '') continue;
    process.exitCode = 0;
    if (open === '') await runLine([...words, ...extra], config);
    else unfinished(last);
  }
}

/** From a terminal, which a command may have for itself between two lines. */
async function* askedLines(): AsyncGenerator<string> {
  const history: string[] = [];
  for (;;) {
    const { stdin: input, stdout: output } = process;
    const reader = createInterface({ input, output, history: [...history] });
    const line = await new Promise<string | undefined>((resolve) => {
      reader.once('close', () => resolve(undefined));
      reader.question(PROMPT).then(resolve, () => resolve(undefined));
    });
    reader.close();
    if (line === undefined) {
      output.write('\n');
      return;
    }
    if (line.trim() !== '') history.unshift(line);
    yield line;
  }
}

async function* givenLines(): AsyncGenerator<string> {
  yield* createInterface({ input: process.stdin });
}

function unfinished(word: string): void {
  process.stderr.write(`Error: No closing quotation mark after '${word.trim()}'.\n`);
  process.exitCode = 1;
}
