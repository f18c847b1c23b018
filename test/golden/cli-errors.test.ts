// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runXm } from '../unit/cli/run-xm.ts';

/** The built `xm` where no xend runs: what it says about a wrong command line, and with which status. */

const xm = new URL('../../bin/xm', import.meta.url).pathname;
const NO_XEND = 'Error: Unable to connect to xend: No such file or directory. Is xend running?\n';

const deprecated = (typed: string, newer: string) =>
  `Command ${typed} is deprecated.  Please use xm ${newer} instead.\n`;

describe('errors are one line and a hint on stderr, usage and description on stdout, with status 1', () => {
  test.each([
    [['foo'], "Error: Subcommand foo not found!\nHint: 'xm help' lists all subcommands\n"],
    [['lsit'], "Error: Subcommand lsit not found!\nHint: did you mean 'list'? 'xm help' lists all subcommands\n"],
    [
      ['xend', 'statsu'],
      "Error: Subcommand xend statsu not found!\nHint: did you mean 'xend status'? 'xm help' lists all subcommands\n",
    ],
    [
      ['dest', 'demo'],
      "Error: Subcommand dest not found!\nHint: did you mean 'destroy'? 'xm help' lists all subcommands\n",
    ],
    [['dom', 'demo'], 'Error: Subcommand dom not found!\nHint: it may stand for domid, domname, domstate\n'],
    [
      ['pci-attach', 'demo', '1', '2'],
      "Error: 'xm pci-attach' is not supported: domains have no PCI bus.\nHint: 'xm device-classes' lists the classes of devices that there are\n",
    ],
    [
      ['vbd-list'],
      `${deprecated('vbd-list', 'block-list')}Error: 'xm block-list' requires 1 arguments.\n\nUsage: xm block-list [options] <Domain>\n`,
    ],
    [['li'], NO_XEND],
    [['help', 'foo'], "Error: Subcommand foo not found!\nHint: 'xm help' lists all subcommands\n"],
    [['pause'], "Error: 'xm pause' requires 1 arguments.\n\nUsage: xm pause <Domain>\n"],
    [['pause', 'a', 'b'], "Error: 'xm pause' requires 1 arguments.\n\nUsage: xm pause <Domain>\n"],
    [['info', 'extra'], "Error: 'xm info' requires 0 arguments.\n\nUsage: xm info [options]\n"],
    [
      ['block-attach', 'demo'],
      "Error: 'xm block-attach' requires between 3 and 5 arguments.\n\nUsage: xm block-attach <Domain> <BackDev> <FrontDev> [<Mode>] [<BackDomain>]\n",
    ],
    [['list', '-z'], 'Error: option -z not recognized\n\nUsage: xm list [options] [<Domain>...]\n'],
    [
      ['list', '--lnog'],
      'Error: option --lnog not recognized\nHint: did you mean --long?\n\nUsage: xm list [options] [<Domain>...]\n',
    ],
    [
      ['log', '-n', 'x'],
      "Error: Invalid argument for --lines: 'x' is neither a number of lines nor 'all'.\n\nUsage: xm log [options]\n",
    ],
    [
      ['log', '--since', '1h', '--until', '2h'],
      'Error: There is nothing since 1h and until 2h: the one is later than the other.\n\nUsage: xm log [options]\n',
    ],
    [['log', '--level', 'WARNING'], NO_XEND],
    [['log', '--level', 'warn', '--since', '2h', '--until', '1h'], NO_XEND],
    [['maxmem', 'demo', '64'], `${deprecated('maxmem', 'mem-max')}${NO_XEND}`],
    [
      ['pincpu', 'demo'],
      `${deprecated('pincpu', 'vcpu-pin')}Error: 'xm vcpu-pin' requires 3 arguments.\n\nUsage: xm vcpu-pin <Domain> <Vcpu> <Cpus>\n`,
    ],
    [
      ['consoles'],
      "Error: 'xm consoles' is not supported: a console is no port of a machine.\nHint: 'xm list' lists the domains, 'xm console' attaches to the console of one\n",
    ],
    [['create'], 'Error: Expected one configuration file.\n\nUsage: xm create [options] [<ConfigFile>...]\n'],
    [['create', '/no/such'], 'Error: Unable to open config file: /no/such\nHint: there is no such file\n'],
    [['device-attach', 'demo', 'vbd', 'x'], 'Error: x should be a pair, separated by an equals sign.\n'],
    [['shutdown'], 'Error: Expected a domain, or -a for all of them.\n\nUsage: xm shutdown [options] [<Domain>]\n'],
    [
      ['shutdown', '-R', '-H', 'demo'],
      'Error: --halt cannot also be provided when using --reboot\n\nUsage: xm shutdown [options] [<Domain>]\n',
    ],
    [
      ['console', '--log', 'demo', '--until=x'],
      'Error: --until=x cannot also be provided when using --log\n\nUsage: xm console [options] <Domain>\n',
    ],
    ...(
      [
        ['0', 'less than 1 MB'],
        ['1023k', 'less than 1 MB'],
        ['1025k', 'not a whole number of MB'],
        ['99999999999999999g', 'more than can be counted'],
        ['much', 'not a number of MB, nor one with k, m or g'],
      ] as const
    ).map(([memory, what]): [string[], string] => [
      ['mem-set', 'demo', memory],
      `Error: Invalid argument.\nHint: '${memory}' is ${what}\n\nUsage: xm mem-set <Domain> <Memory>\n`,
    ]),
    [['save', 'demo', ''], 'Error: The name of a file must not be empty.\n'],
    [
      ['device-attach', 'demo', '--class', '', 'debug'],
      'Error: Invalid argument for --class: The name of a file must not be empty.\n',
    ],
    [['console', 'demo', '--until', '('], NO_XEND],
    [['list'], NO_XEND],
    [['top', '-b'], NO_XEND],
  ])('xm %j', (args, expected) => {
    const { status, stdout, stderr } = runXm(args);
    const [said, usage] = expected.split('\n\n');
    expect(stderr.replace(/^Hint: its socket is .*\n/m, '')).toBe(`${said!.trimEnd()}\n`);
    expect(status).toBe(1);
    if (/Subcommand .* not found!/.test(expected)) expect(stdout).toBe(`\n${runXm([]).stdout}`);
    else if (usage === undefined) expect(stdout).toBe('');
    else {
      expect(stdout.slice(0, usage.length + 1)).toBe(`\n${usage}`);
      expect(stdout.slice(usage.length + 1)).toMatch(/^\n[A-Z].*\.\n$/);
    }
  });

  test('usage and description are on stdout: what is read there is no answer, and the status says so', () => {
    expect(runXm(['pause'])).toEqual({
      status: 1,
      stdout: '\nUsage: xm pause <Domain>\n\nPause a domain.\n',
      stderr: "Error: 'xm pause' requires 1 arguments.\n",
    });
  });

  test.each([
    [['list', '--state=bad']],
    [['log', '-n', '-1']],
    [['log', '--level', 'loud']],
    [['top', '-d', 'abc']],
    [['inspect', 'demo', '-o', 'xml']],
    [['device-move', 'demo', 'vbd', '0']],
  ])('xm %j: a bad value has the usage too', (args) => {
    const { status, stdout, stderr } = runXm(args);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Error: .+\n(Hint: .+\n)?$/);
    expect(stdout).toMatch(/^\nUsage: xm .+\n\n[A-Z].+\.\n$/);
  });

  test.each([[['foo']], [['pci-list']], [['pause']], [['list', '--lnog']], [['list']], [['xend', 'restart', 'x']]])(
    'with --json, xm %j prints the same as JSON on stdout',
    (args) => {
      const plain = runXm(args).stderr;
      const { status, stdout, stderr } = runXm([...args, '--json']);
      expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
      const { error } = JSON.parse(stdout);
      expect(plain.startsWith(`Error: ${error.message}\n`)).toBe(true);
      expect(error).toMatchObject({ code: expect.any(String), exit: 1 });
    },
  );

  test.each([
    ['list', '-o', 'csv'],
    ['inspect', 'demo', '-o', 'sxp'],
    ['top', '-b', '-o', 'csv'],
  ])('--json beside another form is refused: xm %s', (...args) => {
    const { status, stdout } = runXm([...args, '--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'EUSAGE',
      message: expect.stringMatching(/different forms/),
    });
    expect(JSON.parse(runXm(['list', '--json', '-o', 'json']).stdout).error.code).not.toBe('EUSAGE');
  });

  test('a stack is shown only when it is asked for', () => {
    expect(runXm(['list']).stderr).not.toMatch(/\n\s+at /);
    expect(runXm(['list'], { XM_DEBUG: '1' }).stderr).toMatch(/\n\s+at /);
  });
});

test('xm shell goes on after an error; its status is that of the last line', () => {
  const shell = (...lines: string[]) => {
    const { status, stdout, stderr } = spawnSync(xm, ['shell'], { encoding: 'utf8', input: lines.join('\n') });
    return { status, stdout, stderr };
  };
  const failed = "Error: Subcommand foo not found!\nHint: 'xm help' lists all subcommands\n";
  const version = runXm(['--version']).stdout;
  const help = `\n${runXm([]).stdout}`;
  expect(shell('foo', '', '--version')).toEqual({ status: 0, stdout: help + version, stderr: failed });
  expect(shell('--version', "'foo'")).toEqual({ status: 1, stdout: version + help, stderr: failed });
  expect(shell('foo', 'exit', '--version')).toEqual({ status: 1, stdout: help, stderr: failed });
  expect(shell('foo "bar')).toMatchObject({ status: 1, stderr: "Error: No closing quotation mark after 'bar'.\n" });
});

test('output that cannot be written is an error, without a stack', () => {
  const { status, stderr } = spawnSync('sh', ['-c', '"$0" help >/dev/full', xm], { encoding: 'utf8' });
  expect(stderr).toMatch(/^Error: Unable to write the output: ENOSPC.*\n$/);
  expect(status).toBe(1);
});

describe('help', () => {
  test('xm alone: short, on stdout, status 1', () => {
    const { status, stdout, stderr } = runXm([]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/^Usage: xm <subcommand> \[args\]\n\nCommon 'xm' subcommands:\n console /);
  });

  test.each([[['help']], [['--help']], [['-h']], [['help', '--long']]])('xm %j: long, status 0', (args) => {
    const { status, stdout, stderr } = runXm(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('xm full list of subcommands:\n\n block-attach ');
  });

  test.each([
    [['help', 'create'], 0],
    [['create', '--help'], 0],
    [['create', '-h'], 1],
  ])('xm %j: of one command, status %i', (args, expected) => {
    const { status, stdout, stderr } = runXm(args);
    expect({ status, stderr }).toEqual({ status: expected, stderr: '' });
    expect(stdout).toMatch(/USAGE\n {2}\$ xm create/);
  });

  test('a topic alone is incomplete', () => {
    const { status, stdout } = runXm(['xend']);
    expect(status).toBe(1);
    expect(stdout).toContain('\n xend status ');
    expect(runXm(['xend', '--help'])).toMatchObject({ status: 0, stdout });
  });

  test('the version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(runXm(['--version'])).toMatchObject({ status: 0, stdout: `xm ${version}\n` });
  });
});

describe('without a xend', () => {
  test('status: 3, and a value', () => {
    expect(runXm(['xend', 'status'])).toEqual({ status: 3, stdout: 'xend is not running\n', stderr: '' });
    expect(JSON.parse(runXm(['xend', 'status', '--json']).stdout)).toEqual({ running: false });
  });

  test('stop has nothing to do', () => {
    expect(runXm(['xend', 'stop'])).toEqual({ status: 0, stdout: 'xend is not running\n', stderr: '' });
  });

  test('looking does not start one', () => {
    expect(runXm(['xend', 'status'], { XM_NO_AUTOSTART: '' }).status).toBe(3);
    expect(runXm(['xend', 'stop'], { XM_NO_AUTOSTART: '' }).status).toBe(0);
  });

  test('a directory that is too long for a socket', () => {
    const { status, stderr } = runXm(['list'], { XEND_RUNDIR: `/tmp/${'x'.repeat(120)}` });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Error: The run directory .* is too long for a unix socket\.\nHint: .*XEND_RUNDIR.*\n$/);
  });
});
