// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { machine, uptime } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/xend/client.ts';
import { seededRandom } from '../support/random.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import { type VmSpec, vmText } from '../support/vm.ts';
import { type XmHome, type XmRun, xmHome } from '../support/xm.ts';
import { openXm } from '../support/xm-inside.ts';

/**
 * The rows of xm-test that mean something here, under its names (spec/xend.md 7): what `xm` does to guests that run a shell, one
 * supervisor for all of them. Which rows are where, and which are nowhere, is in `test/xm-test.md`.
 */

let home: XmHome;
let xm: (...args: readonly string[]) => Promise<XmRun>;

beforeAll(async () => {
  home = xmHome();
  await home.ok(['xend', 'start']);
  xm = await openXm(home);
});

afterEach(async () => {
  for (const name of await names()) if (name !== 'Domain-0') await xm('destroy', name);
});

afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

/** Expects success. @returns stdout */
async function ok(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await xm(...args);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout;
}

/** Expects what xm-test expects of what fails: a status that says so, the word `Error`, and no traceback. */
async function fails(...args: readonly string[]): Promise<XmRun> {
  const run = await xm(...args);
  expect(run.status).not.toBe(0);
  expect(run.stderr).toMatch(/Error: /);
  expect(`${run.stdout}${run.stderr}`).not.toMatch(/Traceback|\n\s+at .*:\d+:\d+|Unexpected error/);
  return run;
}

/** Expects that a domain does not exist. */
async function unknown(...args: readonly string[]): Promise<void> {
  expect((await fails(...args)).status).toBe(3);
}

async function json<T>(...args: readonly string[]): Promise<T> {
  return JSON.parse(await ok(...args, '--json'));
}

const names = async (): Promise<readonly string[]> => (await ok('list', '-q')).split('\n').filter(Boolean);
const row = async (name: string): Promise<readonly string[]> =>
  (await ok('list', name)).trimEnd().split('\n').at(-1)!.trim().split(/\s+/);

let made = 0;

/** Creates a guest. @returns its name */
async function guest(spec: Partial<VmSpec> = {}): Promise<string> {
  const name = spec.name ?? `guest${++made}`;
  await ok('create', home.file(`${name}.sxp`, vmText({ name, ...spec })));
  return name;
}

/** Sits down at a guest's console, where its shell waits. */
async function shell(name: string): Promise<Terminal> {
  const { path } = await createClient({ socket: `${home.runDir}/xend.sock` }).call('domain.console', { domain: name });
  const terminal = await openTerminal(path, name);
  // A word of its own tells the prompt that follows it from those before.
  terminal.type('echo ready\r');
  await terminal.readUntil('\nready\r\n');
  await terminal.readUntil(`${name}# `);
  return terminal;
}

/** An image of random bytes, as `file:` and as what it holds. */
function image(name: string, size = 64 * 1024) {
  const content = randomBytes(size);
  const path = home.file(name, content);
  return { path, uname: `file:${path}`, md5: createHash('md5').update(content).digest('hex') };
}

const md5Of = (path: string): string => createHash('md5').update(readFileSync(path)).digest('hex');

/** Numbers of the disks that `xm block-list` shows. */
async function disksOf(name: string): Promise<readonly number[]> {
  const [, ...lines] = (await ok('block-list', name)).split('\n').filter(Boolean);
  return lines.map((line) => Number(line.split(/\s+/)[0]));
}

/** Disks that the guest sees. */
async function seenBy(terminal: Terminal): Promise<readonly string[]> {
  const lines = (await terminal.run('ls')).trimEnd().split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/)).flatMap(([name = '', kind]) => (kind === 'vbd' ? [name] : []));
}

test('_sanity 01: a guest boots, and says what it is', async () => {
  using terminal = await shell(await guest({ args: 'colour=green' }));
  expect(await terminal.run('args')).toContain('colour=green');
});

describe('block-create', () => {
  test('02: a file disk reaches a running guest', async () => {
    const name = await guest();
    const disk = image('create02.img');
    await ok('block-attach', name, disk.uname, 'xvda1', 'w');
    using terminal = await shell(name);
    expect(await seenBy(terminal)).toEqual(['xvda1']);
    expect(await terminal.run('sum xvda1')).toBe(`${disk.md5}  xvda1\n`);
  });

  test('04: the same device again fails each time, and stays attached', async () => {
    const name = await guest();
    const { uname } = image('create04.img');
    await ok('block-attach', name, uname, 'xvda1', 'w');
    for (let round = 0; round < 5; round += 1) await fails('block-attach', name, uname, 'xvda1', 'w');
    expect(await disksOf(name)).toEqual([51713]);
  });

  test('05: ten rounds of attach and detach, and the guest sees each', async () => {
    const name = await guest();
    const { uname } = image('create05.img');
    using terminal = await shell(name);
    for (let round = 0; round < 10; round += 1) {
      await ok('block-attach', name, uname, 'xvda1', 'w');
      expect(await seenBy(terminal)).toEqual(['xvda1']);
      await ok('block-detach', name, 'xvda1');
      expect(await seenBy(terminal)).toEqual([]);
    }
  });

  test('06: an unknown domain', async () => {
    await unknown('block-attach', 'NonExistent', image('create06.img').uname, 'xvda1', 'w');
  });

  test.each([
    ['07', 'phy:/dev/nosuch'],
    ['08', 'file:/nosuch/disk.img'],
  ])('%s: %s is not there, and the guest sees nothing', async (_number, uname) => {
    const name = await guest();
    await fails('block-attach', name, uname, 'xvda1', 'w');
    using terminal = await shell(name);
    expect(await seenBy(terminal)).toEqual([]);
  });

  test('09: what the guest wrote survives detach and attach', async () => {
    const name = await guest();
    const { uname } = image('create09.img');
    using terminal = await shell(name);
    await ok('block-attach', name, uname, 'xvda1', 'w');
    const written = await terminal.run('fill xvda1 -s 9');
    await ok('block-detach', name, 'xvda1');
    await ok('block-attach', name, uname, 'xvda1', 'w');
    expect(await terminal.run('sum xvda1')).toBe(written);
  });

  test('10: many devices, in any order', async () => {
    const name = await guest();
    const random = seededRandom(10);
    const disks = ['a', 'b', 'c', 'd', 'e'].map((letter) => ({
      ...image(`create10${letter}.img`),
      dev: `xvd${letter}`,
    }));
    const there = new Set<string>();
    for (const { uname, dev } of random.shuffle(disks.flatMap((disk) => [disk, disk, disk]))) {
      if (there.delete(dev)) await ok('block-detach', name, dev);
      else {
        await ok('block-attach', name, uname, dev, 'w');
        there.add(dev);
      }
      expect((await json<{ name: string }[]>('block-list', name)).map((disk) => disk.name).sort()).toEqual(
        [...there].sort(),
      );
    }
  });

  test('12: no second guest may write to the same device', async () => {
    const file = image('create12.img').path;
    await guest({ disks: [{ file, dev: 'xvda', mode: 'w' }] });
    const second = await guest();
    expect((await fails('block-attach', second, `file:${file}`, 'xvda', 'w')).stderr).toContain(
      'writable use by domain',
    );
    await ok('block-attach', second, `file:${file}`, 'xvda', 'w!');
  });
});

describe('block-destroy', () => {
  test('01, 05, 06: a disk that was there at boot goes, by name; list --long shows it, and no more', async () => {
    const { path: file, uname } = image('destroy01.img');
    const name = await guest({ disks: [{ file, dev: 'xvda1' }] });
    expect(await ok('list', '--long', name)).toContain(uname);
    await ok('block-detach', name, 'xvda1');
    expect(await ok('block-list', name)).toBe('');
    expect(await ok('list', '--long', name)).not.toContain('vbd');
  });

  test('02: a disk that was attached goes, by number', async () => {
    const name = await guest();
    await ok('block-attach', name, image('destroy02.img').uname, 'xvda1', 'w');
    await ok('block-detach', name, '51713');
    expect(await disksOf(name)).toEqual([]);
  });

  test('03, 04: an unknown domain; a device that is not attached', async () => {
    await unknown('block-detach', 'NonExistent', 'xvda1');
    expect((await fails('block-detach', await guest(), 'xvda1')).stderr).toContain('Device xvda1 not connected');
  });
});

test('block-integrity 01, 02: what one wrote the other reads', async () => {
  const disk = image('integrity.img', 1024 * 1024 + 512);
  const name = await guest({ disks: [{ file: disk.path, dev: 'xvda1', mode: 'w' }] });
  using terminal = await shell(name);
  expect(await terminal.run('sum xvda1')).toBe(`${disk.md5}  xvda1\n`);
  const written = await terminal.run('fill xvda1 -s 2');
  expect(written).toBe(`${md5Of(disk.path)}  xvda1\n`);
  expect(written).not.toContain(disk.md5);
});

test('block-list 01, 02, 03, 04, 06: at boot, after attach, a second one; they vanish one by one; nothing for nothing', async () => {
  const name = await guest({ disks: [{ file: image('list01.img').path, dev: 'xvda1' }] });
  expect(await disksOf(name)).toEqual([51713]);
  await ok('block-attach', name, image('list03.img').uname, 'xvda2', 'w');
  expect(await disksOf(name)).toEqual([51713, 51714]);
  await ok('block-detach', name, 'xvda1');
  expect(await disksOf(name)).toEqual([51714]);
  await ok('block-detach', name, 'xvda2');
  expect(await ok('block-list', name)).toBe('');
});

test('block-list 05, console 01, 02, memmax 01, sysrq 01: unknown domains and bad options', async () => {
  await unknown('block-list', 'NonExistent');
  await fails('console', '-x');
  await unknown('console', '9000');
  await unknown('console', 'NonExistent');
  await fails('mem-max');
  await unknown('mem-max', 'NonExistent', '64');
  await unknown('sysrq', 'NonExistent', 's');
});

describe('cpupool', () => {
  const pools = async () =>
    (await ok('cpupool-list', '-H'))
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));

  test('01: the pool is in the record, and chooses in list; info says how many processors are in none', async () => {
    const [own, light] = [await guest(), await guest({ pool: 'shared', kernel: 'idle' })];
    expect(await ok('list', '-l', light)).toContain('(pool_name shared)');
    expect((await ok('list', '-q', '--pool', 'shared')).trim()).toBe(light);
    expect((await ok('list', '-q', '--pool', 'dedicated')).trim().split('\n')).toEqual(['Domain-0', own]);
    await fails('list', own, '--pool', 'shared');
    expect(await ok('info')).toMatch(/^free_cpus {14}: 0$/m);
    expect((await fails('list', '--pool', 'sharde')).stderr).toMatch(/^Error: Pool 'sharde' does not exist\.$/m);
  });

  test('02: make, list, start, add and take a thread, destroy', async () => {
    await ok('cpupool-new', 'name=kept', 'cpus=1');
    expect(await pools()).toContainEqual(['kept', '1', 'loop', 'n', '0']);
    await fails('create', home.file('none.sxp', vmText({ name: 'none', pool: 'kept', kernel: 'idle' })));
    await ok('cpupool-start', 'kept');
    expect(await pools()).toContainEqual(['kept', '1', 'loop', 'y', '0']);
    await ok('cpupool-cpu-add', 'kept', '4');
    expect(await ok('cpupool-list', '-c', 'kept')).toBe('Name             CPU list\nkept             1,4\n');
    await fails('cpupool-cpu-add', 'kept', '4');
    await ok('cpupool-cpu-remove', 'kept', '1');
    await fails('cpupool-cpu-remove', 'kept', '4');
    await fails('cpupool-delete', 'kept');
    await ok('cpupool-destroy', 'kept');
    await ok('cpupool-delete', 'kept');
    await fails('cpupool-list', 'kept');
    await fails('cpupool-destroy', 'shared');
  });

  test('03: guests live there; destroy is refused while they do', async () => {
    await ok('cpupool-create', 'name=workers', 'cpus=1,2');
    const guests = [];
    for (let count = 0; count < 3; count += 1) guests.push(await guest({ pool: 'workers', kernel: 'idle' }));
    expect(await pools()).toContainEqual(['workers', '2', 'loop', 'y', '3']);
    expect((await fails('cpupool-destroy', 'workers')).stderr).toBe("Error: Pool 'workers' has 3 domains\n");
    expect((await fails('cpupool-cpu-remove', 'workers', '1')).stderr).toMatch(/which cannot leave it$/m);
    for (const name of guests) await ok('destroy', name);
    await ok('cpupool-destroy', 'workers');
    expect((await fails('create', `${home.directory}/${guests[0]}.sxp`)).stderr).toContain(
      "Pool 'workers' does not exist.",
    );
  });

  test('04: a guest cannot be moved, and that is said', async () => {
    const name = await guest();
    await ok('cpupool-migrate', name, 'dedicated');
    expect((await fails('cpupool-migrate', name, 'shared')).stderr).toContain('cannot leave its thread while it runs');
    await fails('cpupool-migrate', name, 'NonExistent');
    await unknown('cpupool-migrate', 'NonExistent', 'shared');
    // One that is kept and not started can, and so it can have more VCPUs.
    await ok('new', home.file('kept.sxp', vmText({ name: 'kept', kernel: 'idle', memory: 32 })));
    await ok('cpupool-migrate', 'kept', 'shared');
    await ok('vcpu-set', 'kept', '2');
    await fails('vcpu-set', 'kept', '129');
    await ok('start', 'kept');
    expect(await ok('list', '-H', '-c', 'pool,state', 'kept')).toMatch(/^shared +[-rb]/);
    expect((await ok('vcpu-list', '-H', 'kept')).trimEnd().split('\n')).toHaveLength(2);
    await ok('destroy', 'kept');
    await ok('delete', 'kept');
  });
});

describe('create', () => {
  test('01, 14: a guest starts and answers, also with a disk it begins from', async () => {
    using terminal = await shell(await guest({ disks: [{ file: image('create14.img').path, dev: 'xvda' }] }));
    expect(await terminal.run('ls')).toContain('xvda');
  });

  test('02, 03: no parameter, a bad one', async () => {
    await fails('create');
    await fails('create', '-x');
    await fails('create', 'NonExistent');
  });

  test('04: a name that is taken', async () => {
    const name = await guest();
    await fails('create', `${home.directory}/${name}.sxp`);
    expect(await names()).toEqual(['Domain-0', name]);
  });

  test.each([
    ['06', 0],
    ['15', 15],
    ['06', 100_000_000],
  ])('%s: %d MB are refused', async (_number, memory) => {
    await fails('create', home.file('memory.sxp', vmText({ name: 'memory', memory })));
    expect(await names()).toEqual(['Domain-0']);
  });

  test.each([
    ['15', 16],
    ['07', 64],
    ['08', 128],
    ['09', 256],
  ])('%s: %d MB, as list says', async (_number, memory) => {
    expect((await row(await guest({ memory })))[2]).toBe(String(memory));
  });

  test('10: created and destroyed fifty times under one name', async () => {
    for (let round = 0; round < 50; round += 1) {
      await guest({ name: 'again', pool: 'shared', kernel: 'idle' });
      await ok('destroy', 'again');
    }
    expect(await names()).toEqual(['Domain-0']);
  });

  test('11, 12: fifty at a time', async () => {
    await ok('create', '-N', '50', home.file('fifty.sxp', vmText({ name: 'fifty', pool: 'shared' })));
    expect(await names()).toHaveLength(51);
    using terminal = await shell('fifty-50');
    expect(await terminal.run('echo here')).toBe('here\n');
  });

  test('16: a guest that is too small takes no console with it', async () => {
    using terminal = await shell(await guest());
    await fails('create', home.file('small.sxp', vmText({ name: 'small', memory: 1 })));
    expect(await terminal.run('echo here')).toBe('here\n');
  });
});

describe('destroy', () => {
  test('01, 05: by name, by id', async () => {
    await ok('destroy', await guest());
    await ok('destroy', (await row(await guest()))[1]!);
    expect(await names()).toEqual(['Domain-0']);
  });

  test('02, 03, 04, 06: no parameter, a bad option, an unknown id, Domain-0', async () => {
    await fails('destroy');
    await fails('destroy', '-x');
    await unknown('destroy', '9000');
    expect((await fails('destroy', '0')).stderr).toBe('Error: Cannot destroy privileged domain Domain-0\n');
  });

  test('07: nothing can be done with a domain that is gone', async () => {
    const name = await guest();
    await ok('destroy', name);
    const more: Readonly<Record<string, readonly string[]>> = { 'mem-set': ['64'], save: ['/tmp/x'], sysrq: ['s'] };
    for (const verb of [
      ...['mem-set', 'pause', 'unpause', 'reboot', 'save', 'block-list', 'shutdown', 'sysrq', 'domid', 'domname'],
    ]) {
      await unknown(verb, name, ...(more[verb] ?? []));
    }
  });
});

test('dmesg 01, 02: what happened, and a bad option', async () => {
  expect(await ok('dmesg')).toContain('(XEN) ');
  await fails('dmesg', '-x');
});

test('domid 01, 02, domname 01, 02', async () => {
  expect(await ok('domid', 'Domain-0')).toBe('0\n');
  expect(await ok('domname', '0')).toBe('Domain-0\n');
  await unknown('domid', 'NonExistent');
  await unknown('domname', '9000');
});

test('help 01, 02, 03, 04: help, nothing, a bad option, --long', async () => {
  expect(await ok('help')).toContain('xm full list of subcommands');
  expect(await ok('help', '--long')).toContain('xm full list of subcommands');
  expect(await xm()).toMatchObject({ status: 1, stderr: '', stdout: expect.stringMatching(/^Usage: /) });
  await fails('-x');
});

test('info 01, 02: numbers are numbers, and what is not known is said to be; a compiler; fields in the order of xm', async () => {
  const fields = new Map(
    (await ok('info'))
      .trimEnd()
      .split('\n')
      .map((line): [string, string] => [line.slice(0, 23).trim(), line.slice(25)]),
  );
  const order = [
    ...[
      'system',
      'host',
      'release',
      'version',
      'machine',
      'nr_cpus',
      'nr_nodes',
      'cores_per_socket',
      'threads_per_core',
    ],
    ...[
      'cpu_mhz',
      'hw_caps',
      'virt_caps',
      'total_memory',
      'free_memory',
      'free_cpus',
      'xen_major',
      'xen_minor',
      'xen_extra',
    ],
    ...[
      'xen_caps',
      'xen_scheduler',
      'xen_pagesize',
      'platform_params',
      'xen_changeset',
      'xen_commandline',
      'cc_compiler',
    ],
    ...['cc_compile_by', 'cc_compile_domain', 'cc_compile_date', 'xend_config_format'],
  ];
  expect([...fields.keys()].slice(0, order.length)).toEqual(order);
  expect(fields.get('machine')).toBe(machine());
  for (const name of ['nr_cpus', 'nr_nodes', 'total_memory', 'free_memory', 'free_cpus', 'xen_major', 'xen_minor']) {
    expect({ name, value: fields.get(name) }).toMatchObject({ value: expect.stringMatching(/^\d+$/) });
  }
  for (const name of ['cpu_mhz', 'cores_per_socket', 'threads_per_core']) {
    expect({ name, value: fields.get(name) }).toMatchObject({ value: expect.stringMatching(/^[1-9]\d*$|^\(none\)$/) });
  }
  for (const name of order.filter((field) => field.startsWith('cc_'))) expect(fields.get(name)).toMatch(/./);
  expect(fields.get('cc_compiler')).toMatch(/^V8 \d/);
});

test('list 01, 02, 03, 04, 05: Domain-0, a bad option, an unknown one, a live one, --long', async () => {
  expect(await row('Domain-0')).toEqual(expect.arrayContaining(['Domain-0', '0']));
  await fails('list', '-x');
  await unknown('list', 'NonExistent');
  const name = await guest();
  expect((await row(name))[0]).toBe(name);
  expect(await ok('list', '--long', '0')).toMatch(/^\(domain\n {4}\(domid 0\)$/m);
});

test('memset 01, 02, 03: list says the new size; bad parameters', async () => {
  const name = await guest({ memory: 64 });
  const random = seededRandom(3);
  await ok('mem-max', name, '96');
  for (const memory of [64, ...Array.from({ length: 9 }, () => 32 + random.below(64))]) {
    await ok('mem-set', name, String(memory));
    expect((await row(name))[2]).toBe(String(memory));
  }
  await fails('mem-set', name);
  await fails('mem-set', name, 'x');
  await unknown('mem-set', 'NonExistent', '64');
});

test('pause 01, 02, 03, 04, unpause 01: a paused guest does not answer, a hundred times', async () => {
  const name = await guest();
  const random = seededRandom(1);
  using terminal = await shell(name);
  await ok('pause', name);
  terminal.type('echo after\r');
  expect((await row(name))[4]).toBe('--p---');
  expect(terminal.output).not.toContain('\nafter');
  await ok('unpause', name);
  await terminal.readUntil('\nafter');
  await terminal.readUntil(`${name}# `);
  for (let round = 0; round < 100; round += 1) await ok(random.below(2) === 0 ? 'pause' : 'unpause', name);
  await ok('unpause', name);
  expect(await terminal.run('echo alive')).toBe('alive\n');
  await fails('pause', '-x', name);
  await unknown('pause', 'NonExistent');
  await unknown('pause', '9000');
});

test('reboot 01, 02, 03: its life is new; a bad option, a bad name', async () => {
  const name = await guest();
  using before = await shell(name);
  await before.run('set before 1');
  await ok('reboot', '-w', name);
  using after = await shell(name);
  expect(await after.run('echo x$before')).toBe('x\n');
  await fails('reboot', '-x', name);
  await unknown('reboot', 'NonExistent');
});

test('save 01, 02, 03, restore 01, 02, 03, 04: variables survive, with a disk; bad options, no such file, nowhere to write', async () => {
  const name = await guest({ disks: [{ file: image('save.img').path, dev: 'xvda' }] });
  using before = await shell(name);
  await before.run('set colour green');
  const sum = await before.run('sum xvda');
  await ok('save', name, `${home.directory}/save.xm`);
  expect(await names()).toEqual(['Domain-0']);
  await ok('restore', `${home.directory}/save.xm`);
  using after = await shell(name);
  expect(await after.run('echo $colour')).toBe('green\n');
  expect(await after.run('sum xvda')).toBe(sum);
  await fails('save', '-x', name, '/tmp/x');
  await fails('save', name, '/nosuch/save');
  await fails('restore', '-x', '/tmp/x');
  await fails('restore', '/nosuch/save');
  expect(await names()).toEqual(['Domain-0', name]);
});

test('shutdown 01, 02, 03: a guest that ends is gone without another list; a bad option, an unknown id', async () => {
  const name = await guest();
  const client = createClient({ socket: `${home.runDir}/xend.sock` });
  await ok('shutdown', name);
  await eventually(async () => (await client.call('xend.status', {})).domains === 1);
  await fails('shutdown', '-x');
  await unknown('shutdown', '9000');
});

test('vcpu-disable 01: one VCPU is online, the second is listed as paused, and cannot be had', async () => {
  const name = 'two';
  await ok('create', home.file('two.sxp', vmText({ name }).replace('(memory', '(vcpus 2)\n    (memory')));
  const vcpus = async () =>
    (await ok('vcpu-list', '-H', name))
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
  await ok('vcpu-set', name, '1');
  expect((await vcpus()).map(([, , vcpu, cpu, state]) => [vcpu, cpu === '-', state === '--p'])).toEqual([
    ['0', false, false],
    ['1', true, true],
  ]);
  expect((await row(name))[3]).toBe('1');
  expect((await fails('vcpu-set', name, '2')).stderr).toContain('is one thread');
  await fails('vcpu-set', name, '3');
  await fails('vcpu-set', name, '0');
});

test('vcpu-pin 01: the CPU column follows', async () => {
  const name = await guest();
  const [, , , , , affinity] = (await ok('vcpu-list', '-H', '-c', 'name,domid,vcpu,state,time,affinity', name)).split(
    /\s\s+/,
  );
  const cpus = (await json<{ cpu: number; affinity: number[] }[]>('vcpu-list', '0'))[0]!.affinity;
  expect(affinity?.trim()).toBe('any cpu');
  for (const cpu of cpus.slice(0, 2)) {
    await ok('vcpu-pin', name, 'all', String(cpu));
    using terminal = await shell(name);
    await terminal.run('echo runs');
    expect(await json('vcpu-list', name)).toMatchObject([{ cpu, affinity: [cpu] }]);
  }
  await ok('vcpu-pin', name, '0', 'all');
  const bound = `bound-${name}`;
  const file = home.file('bound.sxp', vmText({ name: bound }).replace('(memory', `(cpus ${cpus.at(-1)})\n    (memory`));
  await ok('create', file);
  expect(await json('vcpu-list', bound)).toMatchObject([{ affinity: [cpus.at(-1)] }]);
  await ok('destroy', bound);
  const far = home.file('far.sxp', vmText({ name: bound }).replace('(memory', '(cpus 0-63)\n    (memory'));
  expect((await fails('create', far)).stderr).toMatch(
    /^Error: There is no CPU .*63 here; there are 0.*\nHint: \(cpus 0-63\)/,
  );
  await fails('domid', bound);
  await fails('vcpu-pin', name, '0', '63');
  await fails('vcpu-pin', name, '0', '^1-2');
  await fails('vcpu-pin', await guest({ pool: 'shared', kernel: 'idle' }), 'all', 'all');
});

test("uptime: Domain-0's is that of the machine", async () => {
  const before = uptime();
  const [found] = await json<{ name: string; uptime: number }[]>('uptime', '0');
  expect(found).toMatchObject({ name: 'Domain-0' });
  expect(found!.uptime).toBeGreaterThanOrEqual(Math.floor(before));
  expect(found!.uptime).toBeLessThanOrEqual(uptime());
});
