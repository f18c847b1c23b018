// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { words } from '../../src/cli/args.ts';
import { commonFlags, XenstoreCommand } from '../../src/cli/xenstore/command.ts';
import { type EntryJson, entryJson, treeLine, walkTree } from '../../src/cli/xenstore/tree.ts';

export default class XenstoreLs extends XenstoreCommand {
  static override description =
    'Show everything below nodes of xenstore.\nLong values are cut to the width of the terminal; with -f only on a terminal.';
  static override examples = [
    '<%= config.bin %> xenstore ls',
    '<%= config.bin %> xenstore ls -f -p /local/domain/1',
    `<%= config.bin %> xenstore ls --json /local/domain | jq -r '.[] | select(.value == "4").path'`,
  ];
  static override args = { path: words('Nodes. None means the root.') };
  static override flags = {
    ...commonFlags,
    full: boolean({ char: 'f', description: 'Full paths.' }),
    permissions: boolean({ char: 'p', description: 'Permissions too.' }),
  };

  async run() {
    const { args, flags } = await this.parse(XenstoreLs);
    const style = { full: flags.full, columns: process.stdout.isTTY ? process.stdout.columns : undefined };
    const entries: EntryJson[] = [];
    await this.store(async (store) => {
      for (const path of args.path ?? ['/']) {
        for await (const entry of walkTree(store, path, flags.permissions)) {
          this.print(treeLine(entry, style));
          if (this.jsonEnabled()) entries.push(entryJson(entry));
        }
      }
    });
    return entries;
  }
}
