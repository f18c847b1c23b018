// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { XmCommand } from '../src/cli/command.ts';
import { configLines, infoLines } from '../src/cli/format/info.ts';

export default class Info extends XmCommand {
  static override description = 'Show facts about this machine and this xend.';
  static override flags = {
    config: boolean({ char: 'c', description: 'The settings of xend instead.', exclusive: ['xenstore-socket'] }),
    'xenstore-socket': boolean({ description: 'Only the path of the socket that xenstore programs connect to.' }),
  };
  static override examples = [
    '<%= config.bin %> info',
    '<%= config.bin %> info --json | jq .free_memory',
    '<%= config.bin %> info -c',
    'XENSTORED_PATH=$(<%= config.bin %> info --xenstore-socket) xenstore-ls -fp',
  ];

  async run() {
    const { flags } = await this.parse(Info);
    if (flags['xenstore-socket']) {
      const { xenstoreSocket } = await this.call('xend.status', {});
      this.print(`${xenstoreSocket}\n`);
      return xenstoreSocket;
    }
    const fields = await this.call(flags.config ? 'node.config' : 'node.info', {});
    this.print(flags.config ? configLines(fields) : infoLines(fields));
    return fields;
  }
}
