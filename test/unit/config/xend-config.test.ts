// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { readXendConfig } from '../../../src/config/xend-config.ts';

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
    expect(read(text)).toEqual({ xenstore: { persist }, classPaths: [] });
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
    ['(xend-port 8000)', "unknown field 'xend-port'"],
    ['(xenstore (persist yes)) (xenstore)', 'xenstore is given twice, first on line 1'],
    ['(xenstore (persist))', 'xenstore: persist has no value'],
    ['(xenstore (persist yes yes))', 'xenstore: persist must be one value, found 2'],
    ['(xenstore persist)', "xenstore: expected (NAME VALUE), found 'persist'"],
    ['yes', "expected (KEY ...), found 'yes'"],
  ])('%s is refused', (text, message) => {
    expect(read(text)).toEqual([message]);
  });

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
  ])('%s', (text, tcp) => expect(read(text)).toEqual({ xenstore: { persist: false }, classPaths: [], tcp }));

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
