// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { deviceForm, domainForm } from '../../../src/config/domain-form.ts';
import { vmFields } from '../../../src/config/fields.ts';
import { printConfig } from '../../../src/config/print.ts';
import { readConfig } from '../../../src/config/read.ts';
import { prettyPrint } from '../../../src/sxp/pretty.ts';
import { card, options, disk as vbd } from './classes.ts';

const UUID = '4a1d6e34-1df2-4f0c-8f3e-000000000002';
const console = options.classes.find(({ implicit }) => implicit)!;

const WRITTEN = `(vm (name web) (memory 32) (maxmem 64) (vcpus 2) (vcpu_avail 3) (cpus '0-3,^1') (on_crash preserve)
  (device-class /srv/vm/own.ts) (backend (vbd)) (idc pair) (vsock db argo) (image (js (kernel shell) (args 'a b')))
  (device (vbd (uname file:/x.img) (dev xvda) (mode w))) (device (vif (mac 00:16:3e:00:00:01))))`;

function read(text: string) {
  const { configs, diagnostics } = readConfig({ name: 'text', text }, options);
  expect(diagnostics).toEqual([]);
  return configs![0]!;
}

const written = read(WRITTEN);
const [disk, net] = written.devices;
const record = domainForm(written, {
  domid: 3,
  uuid: UUID,
  times: [['start_time', '1163511000.250']],
  state: [
    ['status', 2],
    ['state', 'r-----'],
  ],
  devices: [
    deviceForm(console, {}, { id: 0, state: 4 }),
    deviceForm(vbd, disk!.config, { id: 51712, state: 4 }),
    deviceForm(card, net!.config, { id: 0, state: 4 }),
  ],
});

test("a record has the fields of Xen's xend in its order", () => {
  expect(prettyPrint(record)).toBe(`(domain
    (domid 3)
    (uuid ${UUID})
    (vcpus 2)
    (vcpu_avail 3)
    (cpus '0-3,^1')
    (name web)
    (on_poweroff destroy)
    (on_reboot restart)
    (on_crash preserve)
    (pool_name dedicated)
    (maxmem 64)
    (memory 32)
    (on_xend_start ignore)
    (on_xend_stop ignore)
    (start_time 1163511000.250)
    (device-class /srv/vm/own.ts)
    (backend (vbd))
    (idc pair)
    (vsock db argo)
    (image (js (kernel shell) (args 'a b')))
    (status 2)
    (state r-----)
    (device (console (id 0) (state 4)))
    (device
        (vbd
            (id 51712)
            (state 4)
            (uname file:/x.img)
            (dev xvda)
            (mode w)
            (bootable false)
            (backend 0)
        )
    )
    (device (vif (id 0) (state 4) (mac 00:16:3e:00:00:01) (backend 0)))
)
`);
});

test('it is read as the configuration that it is of', () => {
  expect(read(prettyPrint(record))).toEqual({ ...written, uuid: UUID });
});

test('one that is not there has neither id nor state', () => {
  const form = prettyPrint(domainForm(written, { uuid: UUID, times: [], state: [['status', 0]], devices: [] }));
  expect(form).toMatch(/^\(domain\n {4}\(uuid /);
  expect(read(form)).toEqual({ ...written, uuid: UUID, devices: [] });
});

test('every field of a configuration is in it', () => {
  const text = prettyPrint(record).replace('(pool_name', '(pool');
  const lacking = vmFields.filter(({ name }) => !text.includes(`\n    (${name} `));
  expect(lacking.map(({ name }) => name)).toEqual([]);
  expect(printConfig(read(prettyPrint(record)))).toContain(`(uuid ${UUID})`);
});
