// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain, file } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { seconds } from '../src/cli/flags.ts';

export default class Save extends XmCommand {
  static override description =
    'Save a domain to a file and end it; xm restore makes it again.\nIts kernel must offer its state, as the shell does. What fails leaves no file, and the domain goes on.';
  static override examples = [
    '<%= config.bin %> save demo demo.save',
    { description: 'Keep it running:', command: '<%= config.bin %> save -c demo demo.save' },
  ];
  static override args = { domain: domain(), file: file('Where it is saved; what is there is replaced.') };
  static override flags = {
    checkpoint: boolean({ char: 'c', description: 'Leave the domain running.' }),
    timeout: seconds({ description: 'Seconds its kernel has to give its state. Default: 20.' }),
  };

  async run() {
    const { args, flags } = await this.parse(Save);
    const { checkpoint, timeout } = flags;
    return this.call('domain.save', {
      domain: args.domain,
      path: args.file,
      checkpoint,
      ...(timeout === undefined ? {} : { timeout }),
    });
  }
}
