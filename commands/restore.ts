// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { file } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class Restore extends XmCommand {
  static override description =
    'Make a domain again that was saved, with what it knew and the same devices.\nThe file stays; its disks must be as they were when it was saved.';
  static override examples = [
    '<%= config.bin %> restore demo.save',
    { description: 'Leave it paused:', command: '<%= config.bin %> restore -p demo.save' },
  ];
  static override args = { file: file('What xm save wrote.') };
  static override flags = { paused: boolean({ char: 'p', description: 'Leave the domain paused.' }) };

  async run() {
    const { args, flags } = await this.parse(Restore);
    const restored = await this.call('domain.restore', { path: args.file, paused: flags.paused });
    this.print(`Restored domain ${restored.name} (id=${restored.domid})\n`);
    return restored;
  }
}
