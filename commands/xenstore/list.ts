// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { someWords } from '../../src/cli/args.ts';
import { commonFlags, XenstoreCommand } from '../../src/cli/xenstore/command.ts';
import { refused } from '../../src/cli/xenstore/refusals.ts';

export default class XenstoreList extends XenstoreCommand {
  static override description = 'List the children of nodes of xenstore, oldest first.';
  static override examples = [
    '<%= config.bin %> xenstore list /local/domain',
    '<%= config.bin %> xenstore list -p /local/domain/1/device',
  ];
  static override args = { path: someWords('Nodes.') };
  static override flags = {
    ...commonFlags,
    prefix: boolean({ char: 'p', description: 'The path before each name.' }),
  };

  async run() {
    const { args, flags } = await this.parse(XenstoreList);
    let lines: string[] = [];
    const children: Record<string, readonly string[]> = {};
    try {
      await this.transaction(async (tx) => {
        lines = [];
        for (const path of args.path) {
          const names = await refused(tx.ls(path), () => `could not list path ${path}`);
          lines.push(...names.map((name) => `${flags.prefix ? `${path}/` : ''}${name}\n`));
          children[path] = names;
        }
      });
    } finally {
      // What was listed before one that failed.
      this.print(lines.join(''));
    }
    return children;
  }
}
