// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { detach } from '../src/cli/detach.ts';

export default class DeviceDetach extends XmCommand {
  static override description = 'Take a device of any class away from a domain.';
  static override examples = [
    '<%= config.bin %> device-detach demo vbd xvdb',
    '<%= config.bin %> device-detach -f demo vbd 51728',
  ];
  static override args = {
    domain: domain(),
    class: word('Class of the device, e.g. vbd.'),
    device: word('The device, by name or number.'),
  };
  static override flags = {
    force: boolean({ char: 'f', description: 'Do not wait for the domain, which may be paused or hang.' }),
  };

  async run() {
    const { args, flags } = await this.parse(DeviceDetach);
    return detach(this.xend(), { ...args, force: flags.force }, (line) => this.notice(line));
  }
}
