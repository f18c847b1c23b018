// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readXendConfig } from '../../../src/config/xend-config.ts';
import { configOptions, configSettings } from '../../../src/xend/settings.ts';

const config = (text: string) => readXendConfig({ name: 'x', text }, '/etc/xen').config!;
const settings = (text: string) => configSettings(config(text));

test('defaults', () => {
  expect(settings('')).toEqual({
    xenstore: 'persist no',
    'device-class': '',
    'metrics-port': '',
    loglevel: 'DEBUG',
    'console-limit': 256,
    'device-create-timeout': 20,
    'device-destroy-timeout': 20,
    'enable-dump': 'no',
    'dom0-min-mem': 0,
    total_available_memory: 0,
    'xend-tcp-xmlrpc-server': 'no',
  });
});

test('what is set, by its keys; of secrets the files', () => {
  const text = `
    (xenstore (persist yes)) (device-class a.ts) (device-class b.ts) (metrics-port 9100)
    (xend-tcp-xmlrpc-server yes) (xend-tcp-xmlrpc-server-token-file token)`;
  expect(settings(text)).toEqual({
    ...settings(''),
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

test('what they mean for the supervisor', () => {
  const text = `(loglevel ERROR) (console-limit 2) (device-create-timeout 3) (device-destroy-timeout 6) (enable-dump yes) (dom0-min-mem 4)
    (total_available_memory 5) (xenstore (persist yes)) (device-class a.ts)`;
  expect(configOptions(config(text))).toEqual({
    logLevel: 'ERROR',
    consoleHistory: 2048,
    connectLimit: 3000,
    destroyLimit: 6000,
    dumpCrashed: true,
    reservedMemory: 4,
    totalMemory: 5,
    persistStore: true,
    classPaths: ['/etc/xen/a.ts'],
    settings: settings(text),
  });
  expect(configOptions(config(''))).not.toHaveProperty('totalMemory');
});
