// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type CompletedCommand, propose } from '../../../../src/cli/complete/proposals.ts';

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
  addresses: async () => ['pair'],
  pools: async () => ['dedicated', 'shared'],
};

async function words(line: string): Promise<readonly string[]> {
  const typed = line.split(' ');
  const { words, files } = await propose(typed.slice(0, -1), typed.at(-1)!, commands, live);
  return [...words.map(({ word }) => word), ...(files ? ['FILES'] : [])];
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
    ['block-attach demo ', ['FILES']],
    ['block-attach demo file:/x xvdb w', ['w', 'w!']],
    ['block-attach demo file:/x xvdb w d', ['demo']],
    ['create ', ['FILES']],
    ['validate a.sxp ', ['FILES']],
    ['device-attach demo --class ', ['FILES']],
    ['device-attach --class ./a.ts demo v', ['vbd']],
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
    ['dmesg -c --', ['--json', '--help']],
  ])('xm %s', async (line, expected) => {
    expect(await words(line)).toEqual(expected);
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
