// SPDX-License-Identifier: Apache-2.0
import { string } from '@oclif/core/flags';
import { domain, optionalWord } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Inspect extends XmCommand {
  static override description =
    'Print everything that is known of a domain, or of one of its devices.\nOf a domain: state, configuration, thread, pages, grants, event channels, devices, endpoints, and what happened to it. Of a device: both ends, grants, rings with their indexes, what the back end counts, and the states that it was in.';
  static override examples = [
    '<%= config.bin %> inspect demo',
    '<%= config.bin %> inspect demo xvda',
    '<%= config.bin %> inspect demo console/0 -o sxp',
    {
      description: 'How far each end of a disk is:',
      command: "<%= config.bin %> inspect demo xvda | jq '.rings[] | {reqProd, reqCons, rspProd, rspCons}'",
    },
  ];
  static override args = { domain: domain(), device: optionalWord('Device: its name, or CLASS/NUMBER.') };
  static override flags = {
    format: string({ char: 'o', description: 'Form.', options: ['json', 'sxp'], default: 'json' }),
  };

  async run() {
    const { args, flags } = await this.parse(Inspect);
    const { domain, device } = args;
    const { inspection, sxp } = await this.call('inspect', { domain, ...(device === undefined ? {} : { device }) });
    this.print(flags.format === 'sxp' ? sxp : `${JSON.stringify(inspection, null, 2)}\n`);
    return inspection;
  }
}
