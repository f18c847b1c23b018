// SPDX-License-Identifier: Apache-2.0
import { domain, optionalWord, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class BlockAttach extends XmCommand {
  static override description = 'Give a domain a disk while it runs.';
  static override examples = [
    '<%= config.bin %> block-attach demo file:/images/data.img xvdb w',
    {
      description: 'Read-only, served by the domain "storage":',
      command: '<%= config.bin %> block-attach demo file:/images/data.img xvdb r storage',
    },
  ];
  static override args = {
    domain: domain(),
    backDev: word('What the disk is made of, e.g. file:/images/data.img.'),
    frontDev: word('What it is called in the domain, e.g. xvdb.'),
    mode: optionalWord('r read-only, w writable, w! writable although others use it.'),
    backDomain: optionalWord('The domain that serves it. Default: Domain-0.'),
  };

  async run() {
    const { args } = await this.parse(BlockAttach);
    const { mode, backDomain } = args;
    return this.call('device.attach', {
      domain: args.domain,
      class: 'vbd',
      config: {
        uname: args.backDev,
        dev: args.frontDev,
        ...(mode === undefined ? {} : { mode }),
        ...(backDomain === undefined ? {} : { backend: backDomain }),
      },
      directory: process.cwd(),
    });
  }
}
