// SPDX-License-Identifier: Apache-2.0
import { word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { cycleLine } from '../src/cli/format/idc.ts';

export default class IdcCycle extends XmCommand {
  static override description =
    'Have all ends at an address disconnect and connect again.\nTheir kernels see it as if the connection had failed. Returns when they are connected again.';
  static override examples = ['<%= config.bin %> idc-cycle pair', '<%= config.bin %> idc-cycle pair --json | jq .time'];
  static override args = { address: word('The address; see idc-list.') };

  async run() {
    const { args } = await this.parse(IdcCycle);
    const cycle = await this.call('idc.cycle', { address: args.address });
    this.print(cycleLine(cycle));
    return cycle;
  }
}
