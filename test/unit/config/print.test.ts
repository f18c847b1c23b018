// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EndAction, VmConfig } from '../../../src/config/contract.ts';
import { vmFields } from '../../../src/config/fields.ts';
import { printConfig } from '../../../src/config/print.ts';
import { readConfig } from '../../../src/config/read.ts';
import { options } from './classes.ts';

function read(text: string) {
  const { configs, diagnostics } = readConfig({ name: 'printed', text }, options);
  expect(diagnostics).toEqual([]);
  return configs?.[0];
}

test('defaults are printed', () => {
  const config = read('(vm (name web) (image (js (kernel shell))) (device (vbd (dev xvda))))');
  expect(printConfig(config!)).toBe(`(vm
    (name web)
    (memory 64)
    (on_poweroff destroy)
    (on_reboot restart)
    (on_crash destroy)
    (on_xend_start ignore)
    (on_xend_stop ignore)
    (vcpus 1)
    (pool dedicated)
    (image (js (kernel shell) (args '')))
    (device (vbd (dev xvda) (mode r) (bootable false) (backend 0)))
)
`);
});

test('what is printed is read back', () => {
  const action = fc.constantFrom<EndAction>('destroy', 'restart', 'preserve', 'rename-restart');
  const name = fc.stringMatching(/^[A-Za-z0-9_\-.:/+]{1,12}$/);
  const path = fc.string({ unit: 'binary' }).map((tail) => `/k/${tail.replaceAll(/[/.]/g, '')}x`);
  const disk = fc.record(
    { uname: fc.string({ unit: 'binary' }).map((text) => `phy:${text}`), mode: fc.constantFrom('r', 'w', 'w!') },
    { requiredKeys: ['mode'] },
  );
  const disks = fc.array(fc.tuple(disk, fc.boolean(), name), { maxLength: 4 }).map((all) =>
    all.map(([keys, bootable, backend], index) => {
      const dev = `xvd${'abcd'[index]}`;
      return { class: 'vbd', config: { ...keys, dev, bootable, backend } };
    }),
  );
  const cards = fc.uniqueArray(fc.nat(255), { maxLength: 3 }).chain((bytes) =>
    fc.tuple(
      ...bytes.map((byte) =>
        fc.record({
          mac: fc.constant(`00:16:3e:00:00:${byte.toString(16).padStart(2, '0')}`),
          rate: fc.maxSafeInteger(),
          backend: name,
        }),
      ),
    ),
  );
  // One of a pool serves nobody, and needs less.
  const place = fc.oneof(
    fc.record({
      pool: fc.constant('dedicated' as const),
      memory: fc.integer({ min: 16, max: 1024 * 1024 }),
      backends: fc.subarray(['vbd', 'vif', 'console']),
      cpus: fc.subarray(['0', '1-2', '0-3,^1']),
    }),
    fc.record({
      pool: fc.constant('shared' as const),
      memory: fc.integer({ min: 1, max: 1024 * 1024 }),
      backends: fc.constant([]),
      cpus: fc.constant([]),
    }),
  );
  const others = fc.record({
    name: name.filter((text) => !/^\d+$/.test(text)),
    maxMemory: fc.constantFrom(0, 1024 * 1024),
    vcpus: fc.integer({ min: 1, max: 128 }),
    uuid: fc.constantFrom('', '4a1d6e34-1df2-4f0c-8f3e-000000000002'),
    vcpuAvailable: fc.constantFrom('', '1', '0x3'),
    image: fc.record({
      kernel: fc.oneof(fc.constantFrom('shell', 'builtin:x'), path),
      args: fc.string({ unit: 'binary' }),
    }),
    onPoweroff: action,
    onReboot: action,
    onCrash: action,
    onXendStart: fc.constantFrom('ignore' as const, 'start' as const),
    onXendStop: fc.constantFrom('ignore' as const, 'destroy' as const, 'shutdown' as const),
    classPaths: fc.uniqueArray(path, { maxLength: 2 }),
    addresses: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), { maxLength: 3 }),
    vsock: fc.dictionary(fc.stringMatching(/^[A-Za-z_-][A-Za-z0-9_-]{0,63}$/), fc.constantFrom('ring', 'argo'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    devices: fc
      .tuple(disks, cards)
      .map(([some, others]) => [...some, ...others.map((keys) => ({ class: 'vif', config: keys }))]),
  });
  const config: fc.Arbitrary<VmConfig> = fc.tuple(others, place).map(([some, rest]) => ({ ...some, ...rest }));
  fc.assert(
    fc.property(config, (written) => {
      expect(read(printConfig(written))).toEqual(written);
    }),
    { numRuns: 500 },
  );
});

test('each field of the vm has one row', () => {
  const config = read('(vm (name web) (image (js (kernel shell))))');
  expect(vmFields.map(({ key }) => key).toSorted()).toEqual(Object.keys(config!).toSorted());
});
