// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readXendConfig } from '../../../src/config/xend-config.ts';
import { configSettings } from '../../../src/xend/settings.ts';

const settings = (text: string) => configSettings(readXendConfig({ name: 'x', text }, '/etc/xen').config!);

test('defaults', () => {
  expect(settings('')).toEqual({
    xenstore: 'persist no',
    'device-class': '',
    'metrics-port': '',
    'xend-tcp-xmlrpc-server': 'no',
  });
});

test('what is set, by its keys; of secrets the files', () => {
  const text = `
    (xenstore (persist yes)) (device-class a.ts) (device-class b.ts) (metrics-port 9100)
    (xend-tcp-xmlrpc-server yes) (xend-tcp-xmlrpc-server-token-file token)`;
  expect(settings(text)).toEqual({
    xenstore: 'persist yes',
    'device-class': '/etc/xen/a.ts /etc/xen/b.ts',
    'metrics-port': 9100,
    'xend-tcp-xmlrpc-server': 'yes',
    'xend-tcp-xmlrpc-server-address': 'localhost',
    'xend-tcp-xmlrpc-server-port': 8006,
    'xend-tcp-xmlrpc-server-ssl-key-file': '',
    'xend-tcp-xmlrpc-server-ssl-cert-file': '',
    'xend-tcp-xmlrpc-server-ssl-ca-file': '',
    'xend-tcp-xmlrpc-server-token-file': '/etc/xen/token',
  });
});
