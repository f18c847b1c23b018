// SPDX-License-Identifier: Apache-2.0
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { usageError } from '../src/cli/failure.ts';

export default class VcpuSet extends XmCommand {
  static override description =
    'Set how many virtual processors of a domain are online.\nA domain is one thread: that is always one, and anything else is refused.';
  static override examples = ['<%= config.bin %> vcpu-set demo 1', '<%= config.bin %> vcpu-list demo'];
  static override args = { domain: domain(), vcpus: word('How many.') };

  async run() {
    const { args } = await this.parse(VcpuSet);
    if (!/^-?\d{1,9}$/.test(args.vcpus)) throw usageError('Invalid argument.', `'${args.vcpus}' is not a number`);
    const wanted = { domain: args.domain, count: Number(args.vcpus) };
    await this.call('vcpu.set', wanted);
    return wanted;
  }
}
