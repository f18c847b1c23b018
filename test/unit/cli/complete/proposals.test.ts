// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CompletedCommand, propose } from '../../../../src/cli/complete/proposals.ts';
import { VM_VARIABLES } from '../../../../src/cli/complete/variables.ts';
import { unsupportedVariables } from '../../../../src/config/python/unsupported.ts';
import { knownVariables, listVariables } from '../../../../src/config/python/vm.ts';

/** What is proposed for the real commands, with a xend that answers at once. */

const commands: readonly CompletedCommand[] = Object.values(
  JSON.parse(readFileSync('oclif.manifest.json', 'utf8')).commands,
);

const asked: unknown[] = [];
const live = {
  domains: async () => ['Domain-0', 'demo', 'web:1'],
  async devices(...what: unknown[]) {
    asked.push(what);
    return ['xvda', 'xvdb'];
  },
  classes: async () => ['console', 'vbd'],
  async fields(...what: unknown[]) {
    asked.push(what);
    return [
      { name: 'uname', doc: 'The content.', paths: ['file:', 'cow:'] },
      { name: 'mode', doc: 'How it is used.', values: ['r', 'w', 'w!'] },
      { name: 'backend', doc: 'Who serves it.', values: 'domains' as const },
      { name: 'log', doc: 'A file.', paths: [''] },
    ];
  },
  addresses: async () => ['pair'],
  pools: async () => ['dedicated', 'shared'],
};

async function words(line: string): Promise<readonly string[]> {
  const typed = line.split(' ');
  const { words, filesAfter } = await propose(typed.slice(0, -1), typed.at(-1)!, commands, live);
  return [...words.map(({ word }) => word), ...(filesAfter === undefined ? [] : [`${filesAfter}FILES`])];
}

describe('proposals', () => {
  test.each([
    ['block-d', ['block-detach']],
    ['xend', ['xend']],
    ['xend st', ['start', 'status', 'stop']],
    ['vchan ', ['node', 'proxy']],
    ['hel', ['help']],
    ['help uns', []],
    ['help unp', ['unpause']],
    ['help pause ', []],
    ['pause d', ['demo']],
    ['pause demo ', []],
    ['pause nobody --', ['--json', '--help']],
    ['nosuch ', []],
    ['pci-attach ', []],
    ['destroy demo ', ['Domain-0', 'web:1']],
    ['block-detach demo ', ['xvda', 'xvdb']],
    ['block-detach -f demo xvdb', ['xvdb']],
    ['device-detach demo v', ['vbd']],
    ['device-detach demo vbd ', ['xvda', 'xvdb']],
    ['vbd-destroy demo ', ['xvda', 'xvdb']],
    ['domna D', ['Domain-0']],
    ['block-attach demo ', ['file:', 'phy:', 'cow:']],
    ['block-attach demo cow:/im', ['cow:FILES']],
    ['block-attach demo file:/x xvdb w', ['w', 'w!']],
    ['block-attach demo file:/x xvdb w d', ['demo']],
    ['create ', ['FILES']],
    ['validate a.sxp ', ['FILES']],
    ['device-attach demo --class ', ['FILES']],
    ['device-attach --class ./a.ts demo v', ['vbd']],
    ['device-attach demo vbd ', ['uname=', 'mode=', 'backend=', 'log=']],
    ['device-attach demo vbd mode=w m', []],
    ['device-attach mode vbd m', ['mode=']],
    ['device-attach demo vbd mode=w', ['mode=w', 'mode=w!']],
    ['device-attach demo vbd backend=d', ['backend=demo']],
    ['device-attach demo vbd uname=', ['uname=file:', 'uname=cow:']],
    ['device-attach demo vbd uname=file:/im', ['uname=file:FILES']],
    ['device-attach demo vbd log=/t', ['log=FILES']],
    ['device-attach demo vbd nosuch=', []],
    ['create -F ', ['FILES']],
    ['create on_c', ['on_crash=', 'FILES']],
    ['create a.cfg on_crash=core', ['on_crash=coredump-destroy', 'on_crash=coredump-restart']],
    ['create a.cfg pool=s', ['pool=shared']],
    ['create a.cfg disk=file:/x,xvda,w disk=co', ['disk=cow:']],
    ['create a.cfg memory=64 mem', []],
    ['create a.cfg kernel=./', ['kernel=FILES']],
    ['create a.sxp mem', []],
    ['create -f a.cfg vc', ['vcpus=', 'vcpu_avail=']],
    ['create --defconfig=a.sxp vc', []],
    ['new mem', ['memory=', 'FILES']],
    ['validate a.cfg mem', ['memory=', 'FILES']],
    ['cpupool-create cp', ['cpus=', 'FILES']],
    ['cpupool-new a.pool sched=', ['sched=loop']],
    ['console --until x d', ['demo']],
    ['list --state p', ['paused']],
    ['list --pool s', ['shared']],
    ['list -o y', ['yaml']],
    ['pause -- -', []],
    ['driver-load demo vbd ', ['front', 'back']],
    ['vchan node s', ['server']],
    ['idc-cycle ', ['pair']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['', expect.arrayContaining(['create', 'xend', 'help'])],
    ['block-list --lo', ['--long']],
    ['log --level w', ['warning']],
    ['dmesg -c --', ['--json', '--help']],
  ])('xm %s', async (line, expected) => {
    expect(await words(line)).toEqual(expected);
  });

  test('keys are asked for by class, or by the module of one', async () => {
    asked.length = 0;
    await words('device-attach demo vbd ');
    await words('device-attach demo --class debug.ts debug ');
    expect(asked).toEqual([
      ['vbd', undefined],
      ['debug', resolve('debug.ts')],
    ]);
  });

  test('variables are those that mean something in a configuration', () => {
    const known = [...knownVariables].filter((name) => !unsupportedVariables.has(name));
    expect(VM_VARIABLES.map(({ name }) => name).sort()).toEqual(known.sort());
    expect(VM_VARIABLES.filter(({ repeated }) => repeated).map(({ name }) => name)).toEqual(
      expect.arrayContaining([...listVariables]),
    );
  });

  test('devices are asked for by domain and class', async () => {
    asked.length = 0;
    await words('block-detach demo ');
    await words('device-detach demo vbd ');
    expect(asked).toEqual([
      ['demo', 'vbd'],
      ['demo', 'vbd'],
    ]);
  });
});
