// SPDX-License-Identifier: Apache-2.0
import { someWords } from '../../src/cli/args.ts';
import { commonFlags, XenstoreCommand } from '../../src/cli/xenstore/command.ts';

export default class XenstoreExists extends XenstoreCommand {
  static override description = 'Say by the exit status whether nodes of xenstore exist: 0 if all do, else 1.';
  static override examples = [
    '<%= config.bin %> xenstore exists /tool/motd && echo yes',
    '<%= config.bin %> xenstore exists --json /tool/a /tool/b',
  ];
  static override args = { path: someWords('Nodes.') };
  static override flags = commonFlags;

  async run() {
    const { args } = await this.parse(XenstoreExists);
    const found = await this.transaction(async (tx) => {
      const pairs = args.path.map(async (path) => [path, await tx.exists(path).catch(() => false)] as const);
      return Object.fromEntries(await Promise.all(pairs));
    });
    if (Object.values(found).includes(false)) process.exitCode = 1;
    return found;
  }
}
