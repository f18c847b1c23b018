// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { someWords } from '../../src/cli/args.ts';
import { commonFlags, XenstoreCommand } from '../../src/cli/xenstore/command.ts';
import { parentsOf } from '../../src/cli/xenstore/paths.ts';
import { refused } from '../../src/cli/xenstore/refusals.ts';

export default class XenstoreRm extends XenstoreCommand {
  static override description =
    'Remove nodes of xenstore and everything below them, all or none.\nA node that is missing in one that exists is no error.';
  static override examples = [
    '<%= config.bin %> xenstore rm /tool/motd',
    '<%= config.bin %> xenstore rm -t /tool/a/b /tool/c',
  ];
  static override args = { path: someWords('Nodes.') };
  static override flags = {
    ...commonFlags,
    tidy: boolean({ char: 't', description: 'Nodes above too, as long as they have neither children nor a value.' }),
  };

  async run() {
    const { args, flags } = await this.parse(XenstoreRm);
    const removed = await this.transaction(async (tx) => {
      const gone: string[] = [];
      const remove = async (path: string) => {
        await refused(tx.rm(path), () => `could not remove path ${path}`);
        gone.push(path);
      };
      for (const path of args.path) {
        await remove(path);
        for (const above of flags.tidy ? parentsOf(path) : []) {
          if ((await tx.ls(above)).length > 0 || (await tx.readBuffer(above)).length > 0) break;
          await remove(above);
        }
      }
      return gone;
    });
    return { removed };
  }
}
