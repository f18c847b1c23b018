// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = new URL('../support/xend-contender.ts', import.meta.url);
const directory = mkdtempSync('/tmp/xl-');
const pidFile = join(directory, 'xend.pid');
let contenders: readonly ChildProcess[] = [];

/** What a contender says next. */
const heard = async (contender: ChildProcess) => (await once(contender, 'message'))[0] as string;

function ask(contender: ChildProcess, message: { take: string } | { release: true }): Promise<string> {
  const answer = heard(contender);
  contender.send(message);
  return answer;
}

beforeAll(async () => {
  contenders = Array.from({ length: 4 }, () => fork(program));
  await Promise.all(contenders.map(heard));
});

afterAll(async () => {
  for (const contender of contenders) {
    contender.kill();
    await once(contender, 'exit');
  }
  rmSync(directory, { recursive: true });
});

/** Has all of them take the lock at once. @returns who has it */
async function contend(among = contenders): Promise<readonly ChildProcess[]> {
  const answers = await Promise.all(among.map((contender) => ask(contender, { take: pidFile })));
  const losers = answers.filter((answer) => answer !== 'taken');
  for (const answer of losers) expect(answer).toMatch(/^xend is already running \(pid \d+\) with \/tmp\/xl-\w+$/);
  return among.filter((_, at) => answers[at] === 'taken');
}

// Whose number that of the dead supervisor is now does not matter.
test.each([
  ['nothing', undefined],
  ['a process that is gone', '4194303\n'],
  ['a process that is something else', `${process.ppid}\n`],
  ['nonsense', 'xend\n'],
  ['an empty file', ''],
])('of several at a time one has the lock, where there was %s', async (_what, left) => {
  for (let round = 0; round < 50; round++) {
    if (left !== undefined) writeFileSync(pidFile, left);
    const holders = await contend();
    expect(holders.length).toBe(1);
    expect(readFileSync(pidFile, 'utf8')).toBe(`${holders[0]!.pid}\n`);
    await ask(holders[0]!, { release: true });
    expect(readdirSync(directory)).toEqual([]);
  }
});

test('a living one keeps it', async () => {
  const [holder] = await contend();
  expect(await contend(contenders.filter((contender) => contender !== holder))).toEqual([]);
  expect(readFileSync(pidFile, 'utf8')).toBe(`${holder!.pid}\n`);
  await ask(holder!, { release: true });
});
