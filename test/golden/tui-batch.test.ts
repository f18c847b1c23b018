// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { batchJson, batchText, runBatch } from '../../src/tui/batch.ts';
import { sample } from '../../src/tui/sample.ts';
import { after, before, domainStats, stats } from '../unit/tui/stats.ts';

const lines = (...text: readonly string[]) => text.map((line) => `${line}\n`).join('');

describe('xm top -b', () => {
  test('domains with the columns of xentop, then rings', () => {
    expect(batchText(sample(before, after), { fullNames: false, rings: true })).toBe(
      lines(
        '      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT',
        '  Domain-0 -----r        101   50.0       8192    0.8      65536       6.3     1    0        0        0    0        0        0        0          0          0',
        '      demo --b---         10    0.0       8192    0.8      65536       6.3     1    0        0        0    1        0      900      100       7200        800',
        '',
        'DOMAIN     DEVICE     DIRECTION      USED/SIZE FILL             REQ/s     MB/s  NOTIFIED SAVED(%)',
        'demo       xvda       front>back          8/32 [###.......]       200        -        79     90.0',
        'demo       console    out               0/2048 [..........]         -     2.50         0        -',
      ),
    );
  });

  test('names are cut to ten characters unless asked', () => {
    const round = sample(undefined, stats([domainStats(1, 'a-very-long-name')]));
    const name = (fullNames: boolean) => batchText(round, { fullNames, rings: true }).split('\n')[1]?.split(' ')[0];
    expect(name(false)).toBe('a-very-lon');
    expect(name(true)).toBe('a-very-long-name');
  });

  test('without rings, only the table of xentop', () => {
    expect(batchText(sample(before, after), { fullNames: false, rings: false })).not.toContain('DEVICE');
    expect(batchText(sample(undefined, stats([])), { fullNames: false, rings: true })).toMatch(/^ +NAME .*\n$/);
  });

  test('as many rounds as asked, with rates from the second on; one JSON object a line', async () => {
    const readings = [before, after];
    let output = '';
    await runBatch({
      fetch: async () => readings.shift()!,
      iterations: 2,
      delay: 0,
      format: batchJson,
      write: (text) => {
        output += text;
      },
    });
    const rounds = output.trimEnd().split('\n');
    expect(rounds.map((line) => JSON.parse(line).domains[0].cpuPercent)).toEqual([0, 50]);
    expect(readings).toEqual([]);
  });
});
