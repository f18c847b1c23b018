// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vmText } from '../support/vm.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** A person at a real terminal, which `script` (util-linux) makes; skipped where it is missing. */

const bin = fileURLToPath(new URL('../../bin', import.meta.url));
const LIMIT = 20_000;
const LEAVE = '\x1d';
const END = '\x04';
const missing = spawnSync('script', ['--version']).status !== 0;

let home: XmHome;
const open = new Set<ChildProcess>();

/** A program on a terminal of its own. */
function sitDown(command: string) {
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: home.directory,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home.directory,
      TERM: 'xterm',
      PS1: '$ ',
      XEND_RUNDIR: home.runDir,
      XEND_STATEDIR: home.stateDir,
    },
  });
  open.add(child);
  let output = '';
  let read = 0;
  let look = () => {};
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
    look();
  });
  return {
    type: (text: string) => void child.stdin.write(text),
    /** Waits until that is shown after what was read before. @returns what is shown up to it */
    until: (text: string) =>
      new Promise<string>((resolve, reject) => {
        const late = setTimeout(() => {
          reject(new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(output.slice(read))}`));
        }, LIMIT);
        look = () => {
          const at = output.indexOf(text, read);
          if (at < 0) return;
          clearTimeout(late);
          look = () => {};
          const found = output.slice(read, at);
          read = at + text.length;
          resolve(found);
        };
        look();
      }),
    status: new Promise<number | null>((resolve) => child.once('close', resolve)),
  };
}

beforeAll(async () => {
  home = xmHome();
  await home.ok(['create', home.file('demo.sxp', vmText({ name: 'demo' }))]);
});

afterAll(async () => {
  for (const child of open) child.kill('SIGKILL');
  await home[Symbol.asyncDispose]();
});

describe.skipIf(missing)('at a terminal', () => {
  test('xm shell asks, goes on after an error, and ends with CTRL-D and the status of the last line', async () => {
    const { type, until, status } = sitDown('xm shell');
    expect(await until('xm> ')).toContain("'exit' or CTRL-D leaves.");
    type('domid Domain-0\r');
    await until('\r\n0\r\n');
    await until('xm> ');
    type('foo\r');
    await until('Error: Subcommand foo not found!');
    await until('xm> ');
    type(END);
    expect(await status).toBe(1);
  });

  test('xm shell lends its terminal to a console, and has it again', async () => {
    const { type, until, status } = sitDown('xm shell');
    await until('xm> ');
    type('console demo\r');
    await until('demo# ');
    type('echo over there\r');
    await until('\r\nover there');
    type(LEAVE);
    await until('xm> ');
    type('domname 0\r');
    await until('\r\nDomain-0\r\n');
    await until('xm> ');
    type('exit\r');
    expect(await status).toBe(0);
  });

  test.each([
    ['bash', '--norc --noprofile -i', 'source <(xm completion bash)'],
    ['zsh', '-f -i', 'autoload -Uz compinit; compinit -D; source <(xm completion zsh)'],
    ['fish', '--no-config -i', 'xm completion fish | source'],
  ])('%s completes KEY=VALUE as a person types it, also names of files behind it', async (shell, args, load) => {
    if (spawnSync(shell, ['-c', 'true']).status !== 0) return;
    home.file('content.img', new Uint8Array(4096));
    const { type, until } = sitDown(`${shell} ${args}`);
    type(`${load}; echo loa''ded\r`);
    await until('loaded');
    type(`xm device-attach demo vbd un\tfi\t${home.directory}/cont\tde\txvdk mo\tr\r`);
    await until('Attached vbd xvdk');
    expect(await home.json(['device-list', 'demo', 'vbd'])).toMatchObject([
      { config: { uname: `file:${home.directory}/content.img`, mode: 'r' } },
    ]);
    await home.ok(['device-detach', 'demo', 'vbd', 'xvdk']);
  });

  test('bash completes what a person types', async () => {
    const { type, until } = sitDown('bash --norc --noprofile -i');
    type('source <(xm completion bash); echo loaded\r');
    await until('\rloaded\r\n');
    type('xm unp\t');
    await until('ause ');
    type('de\t');
    await until('mo ');
    type('\recho status $?\r');
    await until('\rstatus 0\r\n');
  });
});
