// SPDX-License-Identifier: Apache-2.0
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Rename extends XmCommand {
  static override description =
    'Give a domain another name.\nIts kernel hears nothing of it; what it is called inside changes when it is restarted.';
  static override examples = [
    '<%= config.bin %> rename web web-old',
    {
      description: 'One that crashed and is kept, to make room for the next:',
      command: '<%= config.bin %> rename 3 web-crashed',
    },
  ];
  static override args = { domain: domain(), newName: word('Its new name: letters, digits and _ - . : / +.') };

  async run() {
    const { args } = await this.parse(Rename);
    await this.call('domain.rename', { domain: args.domain, name: args.newName });
    return { domain: args.domain, name: args.newName };
  }
}
