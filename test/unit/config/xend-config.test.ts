// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isXendConfig, readXendConfig } from '../../../src/config/xend-config.ts';

const SAMPLE = readFileSync(new URL('../../../configs/xend-config.sxp', import.meta.url), 'utf8');

const read = (text: string) => {
  const { config, diagnostics } = readXendConfig({ name: 'xend-config.sxp', text }, '/etc/xen');
  return config ?? diagnostics.map(({ message }) => message);
};

describe('xend-config.sxp', () => {
  test.each([
    ['', false],
    ['# only a comment\n', false],
    ['(xenstore)', false],
    ['(xenstore (persist no))', false],
    ['(xenstore (persist yes))', true],
    ['(xenstore (persist true))', true],
  ])('%s', (text, persist) => {
    expect(read(text)).toMatchObject({ xenstore: { persist }, classPaths: [] });
  });

  test('device classes', () => {
    expect(read('(device-class ./debug.ts) (device-class /opt/gpu.ts)')).toMatchObject({
      classPaths: ['/etc/xen/debug.ts', '/opt/gpu.ts'],
    });
    expect(read("(device-class '')")).toEqual(['device-class must not be empty']);
  });

  test('a port for metrics, and none unless it is said', () => {
    expect(read('(metrics-port 9100)')).toMatchObject({ metricsPort: 9100 });
    expect(read('')).not.toHaveProperty('metricsPort');
  });

  test.each([
    ['(metrics-port 0)', "metrics-port must be a whole number from 1 to 65535, not '0'"],
    ['(metrics-port 0.0.0.0)', "metrics-port must be a whole number from 1 to 65535, not '0.0.0.0'"],
    ['(xend-prot 8000)', "unknown field 'xend-prot'"],
    ['(xenstore (persist yes)) (xenstore)', 'xenstore is given twice, first on line 1'],
    ['(xenstore (persist))', 'xenstore: persist has no value'],
    ['(xenstore (persist yes yes))', 'xenstore: persist must be one value, found 2'],
    ['(xenstore persist)', "xenstore: expected (NAME VALUE), found 'persist'"],
    ['yes', "expected (KEY ...), found 'yes'"],
  ])('%s is refused', (text, message) => {
    expect(read(text)).toEqual([message]);
  });

  test.each([
    ['(loglevel WARNING)', { loglevel: 'WARNING' }],
    ['(console-limit 1)', { 'console-limit': 1 }],
    ['(device-create-timeout 100)', { 'device-create-timeout': 100 }],
    ['(enable-dump yes)', { 'enable-dump': true }],
    ['(enable-dump on)', { 'enable-dump': true }],
    ['(enable-dump f)', { 'enable-dump': false }],
    ['(dom0-min-mem 196) (total_available_memory 4096)', { 'dom0-min-mem': 196, total_available_memory: 4096 }],
  ])('%s', (text, values) => {
    const { values: usual } = Object(read(''));
    expect(read(text)).toMatchObject({ values: { ...usual, ...values } });
  });

  test('a log elsewhere', () => {
    expect(read('(logfile xend.log)')).toMatchObject({ logFile: '/etc/xen/xend.log' });
    expect(read('')).not.toHaveProperty('logFile');
  });

  test.each([
    ['(loglevel debug)', /^loglevel must be one of TRACE, .*, CRITICAL, not 'debug'$/],
    ["(logfile '')", /^logfile must not be empty$/],
    ['(console-limit 0)', /^console-limit must be a whole number from 1 to 65536/],
    ['(device-create-timeout 1.5)', /^device-create-timeout must be a whole number from 1 to 3600/],
    ['(enable-dump perhaps)', /^enable-dump must be yes or no/],
    ['(dom0-min-mem -1)', /^dom0-min-mem must be a whole number from 0/],
    ['(loglevel)', /^loglevel has no value$/],
  ])('%s is refused', (text, message) => expect(read(text)).toEqual([expect.stringMatching(message)]));

  test('what has no meaning here is refused with the reason, unless it asks for nothing', () => {
    const text = `
      (xend-unix-server yes) (xend-http-server no) (xend-port 8000) (xend-relocation-server off) (xend-relocation-port 8002)
      (network-script network-dummy) (vif-script vif-bridge) (dom0-cpus 0) (vncpasswd '') (xen-api-server ((unix)))`;
    expect(read(text)).toEqual(read(''));
    expect(
      read(`(xend-http-server yes) (xend-relocation-server yes) (network-script network-bridge) (vncpasswd x)
      (dom0-cpus 2) (xend-state-path /var) (xen-api-server ((9363 pam '^a b$')))`),
    ).toEqual([
      expect.stringMatching(/^xend-http-server is not supported: .* xend-tcp-xmlrpc-server$/),
      'xend-relocation-server is not supported: domains stay where they are',
      'network-script is not supported: no script is run, and nothing of the machine is changed',
      'vncpasswd is not supported: no machine is emulated',
      'dom0-cpus is not supported: Domain-0 is a thread like others',
      expect.stringMatching(/^xend-state-path is not supported: XEND_RUNDIR and XEND_STATEDIR/),
      'xen-api-server is not supported: there is no Xen-API',
    ]);
  });

  test('the sample has every key, with its default or behind a #', () => {
    expect(read(SAMPLE)).toEqual(read(''));
    const all = SAMPLE.replaceAll(/^#\(/gm, '(').replace('server no)', 'server yes)');
    expect(read(all)).toMatchObject({
      tcp: { tls: { caFile: '/etc/xen/clients-ca.crt' }, tokenFile: '/etc/xen/token' },
      logFile: '/var/log/xen/xend.log',
      classPaths: ['/etc/xen/debug-device/debug.ts'],
      metricsPort: 9100,
    });
    const { diagnostics } = readXendConfig({ name: 'x', text: '(nosuch)' }, '/');
    const known = diagnostics[0]?.hint?.replace('known fields: ', '').split(', ') ?? [];
    expect(known.filter((key) => !SAMPLE.includes(`(${key} `))).toEqual([]);
    expect(known).toContain('enable-dump');
  });

  test.each([
    ['xend-config.sxp', '', true],
    ['/a/xend-config.sxp', '(vm)', true],
    ['a.sxp', '# what\n(loglevel DEBUG)', true],
    ['a.sxp', '(xend-unix-server yes)', true],
    ['a.sxp', '(vm (name a))', false],
    ['a.sxp', '(vnet (id 1))', false],
    ['a.cfg', 'name = "a"', false],
  ])('%s with %s is one: %s', (name, text, expected) => expect(isXendConfig({ name, text })).toBe(expected));

  test('a syntax error is no silent default', () => {
    expect(read('(xenstore (persist yes)')).toHaveLength(1);
  });
});

describe('the TCP server', () => {
  const key = (name: string, value: string) => `(xend-tcp-xmlrpc-server-${name} ${value})`;
  const on = '(xend-tcp-xmlrpc-server yes)';
  const own = key('ssl-key-file', '/key') + key('ssl-cert-file', '/cert');

  test.each([
    ['(xend-tcp-xmlrpc-server no)', undefined],
    [key('port', '9000'), undefined],
    [on + key('token-file', 'token'), { address: 'localhost', port: 8006, tokenFile: '/etc/xen/token' }],
    [
      on + own + key('ssl-ca-file', '/ca') + key('address', '0.0.0.0') + key('port', '9000'),
      { address: '0.0.0.0', port: 9000, tls: { keyFile: '/key', certFile: '/cert', caFile: '/ca' } },
    ],
    [
      on + own + key('token-file', '/token') + key('address', 'host.example'),
      { address: 'host.example', port: 8006, tls: { keyFile: '/key', certFile: '/cert' }, tokenFile: '/token' },
    ],
  ])('%s', (text, tcp) => expect(read(text)).toEqual({ ...Object(read('')), tcp }));

  test.each([
    [
      on,
      /^xend-tcp-xmlrpc-server would let in anybody: it needs xend-tcp-xmlrpc-server-ssl-ca-file .* or .*-token-file$/,
    ],
    [on + own, /would let in anybody/],
    [on + key('ssl-key-file', '/key') + key('token-file', '/t'), /needs both .*-key-file and .*-cert-file$/],
    [on + key('ssl-ca-file', '/ca'), /needs .*-key-file and .*-cert-file, since .*-ca-file is given$/],
    [on + key('token-file', '/t') + key('address', '0.0.0.0'), /would send all in plain text/],
    [on + key('token-file', '/t') + key('address', '127.evil.example'), /would send all in plain text/],
    [`${on}(xend-tcp-xmlrpc-server-token-file '')`, /-token-file must not be empty$/],
    [on + key('token-file', '/t') + key('port', '0'), /-port must be a whole number from 1 to 65535/],
    ['(xend-tcp-xmlrpc-server perhaps)', /must be yes or no/],
  ])('%s is refused', (text, message) => expect(read(text)).toEqual([expect.stringMatching(message)]));
});
