// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { detach } from '../src/cli/detach.ts';

export default class BlockDetach extends XmCommand {
  static override description = 'Take a disk away from a domain.';
  static override examples = [
    '<%= config.bin %> block-detach demo xvdb',
    '<%= config.bin %> block-detach -f demo 51728',
  ];
  static override args = { domain: domain(), device: word('The disk, by name or number.') };
  static override flags = {
    force: boolean({ char: 'f', description: 'Do not wait for the domain, which may be paused or hang.' }),
  };

  async run() {
    const { args, flags } = await this.parse(BlockDetach);
    return detach(this.xend(), { ...args, class: 'vbd', force: flags.force }, (line) => this.notice(line));
  }
}
