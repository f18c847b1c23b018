// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Resume extends XmCommand {
  static override description = 'Let a domain go on that was suspended.';
  static override examples = ['<%= config.bin %> resume managed', '<%= config.bin %> resume -p managed'];
  static override args = { domain: domain() };
  static override flags = { paused: boolean({ char: 'p', description: 'Leave it paused.' }) };

  async run() {
    const { args, flags } = await this.parse(Resume);
    const resumed = await this.call('domain.resume', { domain: args.domain, paused: flags.paused });
    this.print(`Resumed domain ${resumed.name} (id=${resumed.domid})\n`);
    return resumed;
  }
}
