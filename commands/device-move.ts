// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class DeviceMove extends XmCommand {
  static override description =
    'Have another domain serve a device while it is used: what was asked of it is done before, what is asked meanwhile waits.\nIf the other one cannot, the device stays where it was. The configuration of a managed domain names the new one from then on.';
  static override examples = [
    '<%= config.bin %> device-move demo vbd xvdb driver',
    { description: 'Back to the usual one:', command: '<%= config.bin %> device-move demo vbd xvdb Domain-0' },
    {
      description: 'Away from a domain that hangs:',
      command: '<%= config.bin %> device-move -f demo vbd xvdb other-driver',
    },
  ];
  static override args = {
    domain: domain(),
    class: word('Class of the device, e.g. vbd.'),
    device: word('The device, by name or number.'),
    backend: word('The domain that is to serve it: its name or id.'),
  };
  static override flags = {
    force: boolean({
      char: 'f',
      description:
        'Do not wait for the domain that serves it. What it has in work it may still do: destroy it to be sure that it does not.',
    }),
  };

  async run() {
    const { args, flags } = await this.parse(DeviceMove);
    const device = await this.call('device.move', { ...args, force: flags.force });
    this.print(`Moved ${device.class} ${device.name} to domain ${device.backendId}\n`);
    return device;
  }
}
