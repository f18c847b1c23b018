// SPDX-License-Identifier: Apache-2.0
import { domain, driverEnd, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class DriverUnload extends XmCommand {
  static override description =
    'Unload the driver of a device class in a domain; its devices wait until it is loaded again.';
  static override examples = [
    '<%= config.bin %> driver-unload demo vbd',
    '<%= config.bin %> driver-unload Domain-0 vbd back',
  ];
  static override args = { domain: domain(), class: word('Class of the devices, e.g. vbd.'), end: driverEnd() };

  async run() {
    const { args } = await this.parse(DriverUnload);
    const driver = { ...args, end: args.end ?? 'front' };
    await this.call('driver.unload', driver);
    return driver;
  }
}
