// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { someWords } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { setupLines } from '../src/cli/format/vsock.ts';

export default class IdcSetup extends XmCommand {
  static override description =
    'Let domains talk to each other over virtual sockets.\nEach of them may connect to ports of each other one, until it ends; (vsock GROUP) in configurations does the same for good. Domain-0 is 0.';
  static override examples = [
    '<%= config.bin %> idc-setup web db',
    {
      description: 'So that the host can reach a domain, see vsock connect:',
      command: '<%= config.bin %> idc-setup 0 web',
    },
    {
      description: 'Domains that share no memory:',
      command: '<%= config.bin %> idc-setup --argo web stranger',
    },
  ];
  static override strict = false;
  static override args = { domains: someWords('Domains: names, ids or uuids; two or more.') };
  static override flags = {
    argo: boolean({ description: 'The hypervisor copies what they say, instead of memory that both map.' }),
  };

  async run() {
    const { args, flags } = await this.parse(IdcSetup);
    const setup = await this.call('vsock.setup', {
      domains: args.domains,
      transport: flags.argo ? 'argo' : 'ring',
    });
    this.print(setupLines(setup));
    return setup;
  }
}
