// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { blockTable, deviceTable } from '../../src/cli/format/devices.ts';
import { cycleLine, idcTable, pingLines } from '../../src/cli/format/idc.ts';
import { configLines, infoLines } from '../../src/cli/format/info.ts';
import { listTable, uptimeLines, uptimeTable } from '../../src/cli/format/list.ts';
import { poolTable, poolThreadTable } from '../../src/cli/format/pools.ts';
import { vcpuTable } from '../../src/cli/format/vcpus.ts';
import type { DeviceInfo } from '../../src/xend/contract.ts';

/** The samples of spec/xend.md 4.3, byte for byte; `|` marks the end of a line with trailing blanks. */
const bytes = (lines: readonly string[]) => lines.map((line) => `${line.replace(/\|$/, '')}\n`).join('');

const disk: DeviceInfo = {
  class: 'vbd',
  domid: 3,
  devid: 768,
  name: 'hda',
  backendId: 0,
  handle: 0,
  state: 4,
  evtchn: 9,
  ringRef: 8,
  frontPath: '/local/domain/3/device/vbd/768',
  backPath: '/local/domain/0/backend/vbd/3/768',
  config: {},
};

describe('xm list', () => {
  test('the sample', () => {
    const domains = [
      { name: 'Domain-0', domid: 0, memory: 512, vcpus: 2, state: 'r-----', cpuTime: 123.456 },
      { name: 'off', domid: undefined, memory: 64, vcpus: 4, state: '', cpuTime: 0 },
      { name: 'web1', domid: 3, memory: 128, vcpus: 1, state: '-b----', cpuTime: 7 },
    ];
    expect(listTable(domains)).toBe(
      bytes([
        'Name                                        ID   Mem VCPUs      State   Time(s)',
        'Domain-0                                     0   512     2     r-----    123.5',
        'off                                               64     4                 0.0',
        'web1                                         3   128     1     -b----      7.0',
      ]),
    );
  });

  test('a name that is longer than its column is not cut, and all lines make room for it', () => {
    const one = { domid: 1, memory: 1, vcpus: 1, state: '------', cpuTime: 0 };
    const lines = listTable([
      { ...one, name: 'n'.repeat(50) },
      { ...one, name: 'web' },
    ]).split('\n');
    const widest = (name: string) => name.padEnd(50);
    expect(lines).toEqual([
      `${widest('Name')}    ID   Mem VCPUs      State   Time(s)`,
      `${widest('n'.repeat(50))}     1     1     1     ------      0.0`,
      `${widest('web')}     1     1     1     ------      0.0`,
      '',
    ]);
  });
});

describe('xm uptime', () => {
  const domains = [
    { name: 'Domain-0', domid: 0, uptime: 1527 },
    { name: 'web1', domid: 3, uptime: 90_065 },
  ];

  test('the sample', () => {
    expect(uptimeTable(domains)).toBe(
      bytes([
        'Name                                ID Uptime |',
        'Domain-0                             0  0:25:27',
        'web1                                 3 1 day,  1:01:05',
      ]),
    );
  });

  test('a long name', () => {
    const one = { name: 'n'.repeat(40), domid: 3, uptime: 0 };
    const [title, line] = uptimeTable([one]).split('\n');
    expect([title!.indexOf('ID'), line!.indexOf('3')]).toEqual([44, 45]);
  });

  test('-s', () => {
    const now = new Date(2026, 10, 21, 9, 5, 7).getTime();
    expect(uptimeLines(domains, now)).toBe(
      bytes([' 09:05:07 up  0:25, Domain-0 (0)', ' 09:05:07 up 1 day,  1:01, web1 (3)']),
    );
  });
});

describe('xm vcpu-list', () => {
  const host = [0, 1, 2, 3];
  const idle = { online: true, running: false, blocked: false };

  test('the sample', () => {
    const zero = { name: 'Domain-0', domid: 0 };
    const vcpus = [
      { ...zero, ...idle, vcpu: 0, cpu: 0, running: true, cpuTime: 60.04, affinity: host },
      { ...zero, ...idle, vcpu: 1, cpu: -1, online: false, cpuTime: 63.4, affinity: [0, 2, 3] },
      { name: 'web1', domid: 3, ...idle, vcpu: 0, cpu: 2, blocked: true, cpuTime: 7, affinity: [2] },
    ];
    expect(vcpuTable(vcpus, host)).toBe(
      bytes([
        'Name                                ID  VCPU   CPU State   Time(s) CPU Affinity',
        'Domain-0                             0     0     0   r--      60.0 any cpu',
        'Domain-0                             0     1     -   --p      63.4 0,2-3',
        'web1                                 3     0     2   -b-       7.0 2',
      ]),
    );
  });

  test('a long name', () => {
    const one = { name: 'n'.repeat(40), domid: 3, ...idle, vcpu: 0, cpu: 2, cpuTime: 7, affinity: [2] };
    const [title, line] = vcpuTable([one], host).split('\n');
    expect([title!.indexOf('CPU Affinity'), line!.lastIndexOf('2')]).toEqual([75, 75]);
  });

  test('a processor that nobody knows', () => {
    const one = { name: 'web1', domid: 3, ...idle, vcpu: 0, cpu: -1, cpuTime: 0, affinity: [] };
    expect(vcpuTable([one], host).split('\n')[1]).toBe(
      'web1                                 3     0         ---       0.0 no cpus',
    );
  });
});

describe('xm cpupool-list', () => {
  const pools = [
    {
      name: 'dedicated',
      sched: 'threads',
      active: true,
      kept: false,
      count: 3,
      threads: [],
      domains: ['Domain-0', 'a', 'b'],
    },
    { name: 'workers', sched: 'loop', active: false, kept: true, count: 2, threads: [1, 2], domains: [] },
  ];

  test('header and rows', () => {
    expect(poolTable(pools)).toBe(
      bytes([
        'Name               CPUs   Sched     Active   Domain count',
        'dedicated            3   threads       y          3',
        'workers              2      loop       n          0',
      ]),
    );
  });

  test('-c', () => {
    expect(poolThreadTable(pools)).toBe(
      bytes(['Name             CPU list', 'dedicated        -', 'workers          1,2']),
    );
  });
});

describe('device lists', () => {
  test('xm block-list: the sample, trailing blanks included', () => {
    expect(blockTable([disk])).toBe(
      bytes([
        'Vdev  BE handle state evt-ch ring-ref BE-path',
        '768    0    0     4      9      8     /local/domain/0/backend/vbd/3/768  |',
      ]),
    );
  });

  test('a disk that is not connected', () => {
    const closed = { ...disk, devid: 51_728, state: 1, evtchn: -1, ringRef: -1, backPath: '/short' };
    expect(blockTable([closed])).toBe(
      bytes([
        'Vdev  BE handle state evt-ch ring-ref BE-path',
        '51728  0    0     1      -1     -1    /short                          |',
      ]),
    );
  });

  test('one whose back end is gone says what it waits for', () => {
    const waits = { domain: 'driver', gone: true, age: 12_345 };
    const waiting = { ...disk, state: 1, evtchn: -1, ringRef: -1, waits };
    const [, row = ''] = blockTable([waiting]).split('\n');
    expect(row.slice(-70)).toMatch(/backend\/vbd\/3\/768 {2}waits for domain driver, which is gone, for 12 s$/);
    expect(blockTable([{ ...waiting, waits: { ...waits, gone: false } }])).toContain(
      'waits for the driver of domain driver,',
    );
  });

  test('no devices print nothing', () => {
    expect(blockTable([])).toBe('');
    expect(deviceTable([])).toBe('');
  });

  test('xm device-list: class and name, then the same columns', () => {
    expect(deviceTable([disk])).toBe(
      bytes([
        'Class      Name       Vdev  BE handle state evt-ch ring-ref BE-path',
        'vbd        hda        768    0    0     4      9      8     /local/domain/0/backend/vbd/3/768  |',
      ]),
    );
  });
});

test('xm info', () => {
  expect(infoLines({ system: 'Linux', nr_cpus: 2, xen_commandline: '' })).toBe(
    bytes(['system                 : Linux', 'nr_cpus                : 2', 'xen_commandline        : (none)']),
  );
});

test('xm info -c', () => {
  expect(configLines({ logfile: '/var/log/xend.log', 'metrics-port': '' })).toBe(
    bytes([
      'logfile                               : /var/log/xend.log',
      'metrics-port                          : (none)',
    ]),
  );
});

describe('endpoints', () => {
  const left = {
    domid: 1,
    domain: 'left',
    address: 'pair',
    peerId: 2,
    peer: 'right',
    state: 'connected',
    incarnation: 3,
    connections: 3,
    inFlight: 32,
    queued: 968,
    held: 0,
    sent: 1000,
    received: 7,
    failed: 0,
    registered: 3,
    quotas: { inFlight: 32, bodyBytes: 112, registrations: 64 },
    lastDisconnect: 'the peer went away',
  };
  const { peerId, peer, ...alone } = left;

  test('xm idc-list', () => {
    const lonely = { ...alone, domain: 'a-domain-with-a-name', state: 'absent', connections: 0, lastDisconnect: '' };
    expect(idcTable([left, lonely, { ...left, peer: '' }])).toBe(
      bytes([
        'Domain             ID  Address         Peer             State          Inc Conns  InFl Queue  Held Quota Bytes  Bufs  Last disconnect',
        'left                1  pair            right (2)        connected        3     3    32   968     0    32   112     3  the peer went away',
        'a-domain-with-a-name    1  pair            -                absent           3     0    32   968     0    32   112     3  -',
        'left                1  pair            2                connected        3     3    32   968     0    32   112     3  the peer went away',
      ]),
    );
  });

  test('no endpoints print nothing', () => {
    expect(idcTable([])).toBe('');
  });

  const ping = { address: 'pair', domid: 1, domain: 'left', peerId: 2, peer: 'right', size: 56, polled: false };

  test('xm idc-ping', () => {
    const rtt = { min: 0.0012, avg: 0.0081, max: 7.263, mdev: 0.144, p50: 0.002, p99: 0.0214 };
    expect(pingLines({ ...ping, transmitted: 100, answered: 100, time: 82.28, rtt })).toBe(
      bytes([
        'PING pair: left (1) to right (2), 56 bytes',
        '100 transmitted, 100 answered, 0% lost, time 82.3 ms',
        'rtt min/avg/max/mdev = 1.2/8.1/7263.0/144.0 us',
        'rtt p50/p99 = 2.0/21.4 us',
      ]),
    );
  });

  test('xm idc-ping without an answer', () => {
    expect(pingLines({ ...ping, polled: true, transmitted: 1, answered: 0, time: 2000 })).toBe(
      bytes([
        'PING pair: left (1) to right (2), 56 bytes, polled',
        '1 transmitted, 0 answered, 100% lost, time 2000.0 ms',
      ]),
    );
  });

  test('xm idc-cycle', () => {
    const peers = [
      { domid: 2, name: 'right' },
      { domid: 3, name: '' },
    ];
    expect(cycleLine({ address: 'pair', domid: 1, domain: 'left', peers, time: 3.991 })).toBe(
      'left (1) and right (2), 3 disconnected and connected again at pair within 4.0 ms\n',
    );
  });
});
