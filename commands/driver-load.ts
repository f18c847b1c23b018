// SPDX-License-Identifier: Apache-2.0
import { domain, driverEnd, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class DriverLoad extends XmCommand {
  static override description = 'Load a driver that was unloaded; its devices connect again.';
  static override examples = [
    '<%= config.bin %> driver-load demo vbd',
    '<%= config.bin %> driver-load Domain-0 vbd back',
  ];
  static override args = { domain: domain(), class: word('Class of the devices, e.g. vbd.'), end: driverEnd() };

  async run() {
    const { args } = await this.parse(DriverLoad);
    const driver = { ...args, end: args.end ?? 'front' };
    await this.call('driver.load', driver);
    return driver;
  }
}
