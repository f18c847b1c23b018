// SPDX-License-Identifier: Apache-2.0
import { domain, optionalWord, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { usageError } from '../src/cli/failure.ts';

export default class Trigger extends XmCommand {
  static override description =
    'Do to a domain what a button or a line of a machine does.\nnmi is for its kernel; reset reboots it without asking; power asks it to end. The others have no meaning here.';
  static override examples = ['<%= config.bin %> trigger demo nmi', '<%= config.bin %> trigger demo reset'];
  static override args = {
    domain: domain(),
    trigger: word('What it is: nmi, reset, init, s3resume or power.'),
    vcpu: optionalWord('To which of its VCPUs. Default: 0.'),
  };

  async run() {
    const { args } = await this.parse(Trigger);
    const { domain, trigger, vcpu = '0' } = args;
    if (!/^\d{1,9}$/.test(vcpu)) throw usageError('Invalid argument.', `'${vcpu}' is not a number`);
    const sent = { domain, trigger, vcpu: Number(vcpu) };
    await this.call('domain.trigger', sent);
    return sent;
  }
}
