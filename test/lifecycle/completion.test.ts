// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vmText } from '../support/vm.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** TAB in real shells, which run what `xm completion` prints; those that are not installed are skipped. */

const bin = fileURLToPath(new URL('../../bin', import.meta.url));
let home: XmHome;

interface Shell {
  readonly name: 'bash' | 'zsh' | 'fish';
  readonly args: readonly string[];
  /** A script that prints what TAB proposes at the end of the line, a word a line and `:files` for names of files. */
  readonly script: (line: string) => string;
}

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    args: ['--norc', '-c'],
    script: (line) => `
      source <(xm completion bash)
      [[ $(complete -p xm) == *-F\\ _xm_complete* ]] || exit 9
      compopt() { case $* in *default) echo :files;; *nospace) echo :open;; esac; }
      COMP_LINE='${line}' COMP_POINT=\${#COMP_LINE} COMP_WORDS=(xm)
      _xm_complete
      printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  {
    name: 'zsh',
    args: ['-f', '-c'],
    // What a prompt would do with the words: zsh completes only there.
    script: (line) => `
      compdef() { [[ $* == '_xm xm' ]] || exit 9 }
      _describe() {
        print -l -- "\${(@)\${(@)\${(@)\${(@P)2}//\\\\:/;}%%:*}//;/:}"
        [[ $3 != -S ]] || print :open
      }
      compset() { [[ $2 == 0 ]] || print ":behind $2" }
      _files() { print :files }
      source <(xm completion zsh)
      words=("\${(@s: :)$(print -r -- '${line}x')}")
      CURRENT=$#words
      words[CURRENT]=\${words[CURRENT]%x}
      _xm
      true`,
  },
  {
    name: 'fish',
    args: ['--no-config', '-c'],
    script: (line) => `
      xm completion fish | source
      function __fish_complete_path; echo $argv[1]:files; end
      complete --do-complete '${line}' | string split -f 1 \\t
      true`,
  },
];

function press(shell: Shell, line: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(shell.name, [...shell.args, shell.script(line)], {
    encoding: 'utf8',
    timeout: 20_000,
    cwd: home.directory,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home.directory,
      XEND_RUNDIR: home.runDir,
      XEND_STATEDIR: home.stateDir,
      ...env,
    },
  });
  return { status, stderr, words: stdout.split('\n').filter(Boolean).sort() };
}

beforeAll(async () => {
  home = xmHome();
  const disks = ['xvda', 'xvdb'].map((dev) => ({ file: home.file(`${dev}.img`, new Uint8Array(4096)), dev }));
  const texts = [vmText({ name: 'demo', kernel: 'idle', disks }), vmText({ name: 'web:1', kernel: 'idle' })];
  await home.ok(['create', home.file('both.sxp', texts.join(''))]);
});

afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

describe.each(SHELLS)('$name', (shell) => {
  const missing = spawnSync(shell.name, ['-c', 'true']).status !== 0;

  test.skipIf(missing).each([
    ['xm unp', ['unpause']],
    ['xm xend st', ['start', 'status', 'stop']],
    ['xm pause ', ['Domain-0', 'demo', 'web:1']],
    ['xm block-detach demo ', ['xvda', 'xvdb']],
    ['xm block-detach -f demo xvdb', ['xvdb']],
    ['xm driver-load demo v', ['vbd']],
    ['xm block-list --lo', ['--long']],
    ['xm create ', [':files']],
    ['xm pause nobody ', []],
  ])('%s', (line, words) => {
    expect(press(shell, line)).toEqual({ status: 0, stderr: '', words });
  });

  // What bash completes is behind the last = or colon; fish knows by itself where no blank follows.
  test.skipIf(missing).each([
    ['xm device-attach demo vbd mo', [':open', 'mode='], [':open', 'mode='], ['mode=']],
    ['xm device-attach demo vbd mode=w', ['w', 'w!'], ['mode=w', 'mode=w!'], ['mode=w', 'mode=w!']],
    ['xm device-attach demo vbd backend=d', ['demo'], ['backend=demo'], ['backend=demo']],
    ['xm device-attach demo vbd uname=c', [':open', 'cow:'], [':open', 'uname=cow:'], ['uname=cow:']],
    ['xm device-attach demo vbd uname=file:xv', [':files'], [':behind 11', ':files'], ['uname=file:xv:files']],
    ['xm create a.cfg on_c', [':open', 'on_crash='], [':open', 'on_crash='], ['on_crash=']],
    ['xm create a.cfg kernel=./', [':files'], [':behind 7', ':files'], ['kernel=./:files']],
  ])('%s', (line, bash, zsh, fish) => {
    const words = { bash, zsh, fish }[shell.name];
    expect(press(shell, line)).toEqual({ status: 0, stderr: '', words });
  });

  test.skipIf(missing)('without a xend there are the words of the command line, no error, and still no xend', () => {
    const env = { XEND_RUNDIR: `${home.directory}/none` };
    expect(press(shell, 'xm unp', env)).toEqual({ status: 0, stderr: '', words: ['unpause'] });
    expect(press(shell, 'xm pause ', env)).toEqual({ status: 0, stderr: '', words: [] });
  });
});

test('bash completes what follows a colon, as it parts words there', () => {
  expect(press(SHELLS[0]!, 'xm pause web:').words).toEqual(['1']);
});
