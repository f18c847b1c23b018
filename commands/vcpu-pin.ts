// SPDX-License-Identifier: Apache-2.0
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { readCpus } from '../src/cli/cpus.ts';
import { usageError } from '../src/cli/failure.ts';

export default class VcpuPin extends XmCommand {
  static override description =
    "Bind a domain's thread to processors.\nIt holds until the domain ends; (cpus ...) in its configuration holds whenever it starts. It needs the program taskset, and a domain that does not share its thread.";
  static override examples = [
    '<%= config.bin %> vcpu-pin demo 0 1',
    { description: 'To all but the second:', command: '<%= config.bin %> vcpu-pin demo all 0-3,^1' },
    { description: 'To all again:', command: '<%= config.bin %> vcpu-pin demo all all' },
  ];
  static override args = {
    domain: domain(),
    vcpu: word('Which virtual processor: 0, or all.'),
    cpus: word('Processors, such as 0,2-3 or 0-3,^2, or all.'),
  };

  async run() {
    const { args } = await this.parse(VcpuPin);
    if (!/^(?:all|\d+)$/.test(args.vcpu))
      throw usageError('Invalid argument.', `'${args.vcpu}' is neither a number nor all`);
    const cpus = readCpus(args.cpus);
    await this.call('vcpu.pin', {
      domain: args.domain,
      ...(args.vcpu === 'all' ? {} : { vcpu: Number(args.vcpu) }),
      ...(cpus === undefined ? {} : { cpus }),
    });
    return args;
  }
}
