// SPDX-License-Identifier: Apache-2.0
import { someWords } from '../../src/cli/args.ts';
import { count } from '../../src/cli/flags.ts';
import { XenstoreCommand } from '../../src/cli/xenstore/command.ts';
import { lost, refused } from '../../src/cli/xenstore/refusals.ts';

export default class XenstoreWatch extends XenstoreCommand {
  static override description =
    'Print the path of each node of xenstore that changes.\nThe first line of each watched node comes at once; @introduceDomain and @releaseDomain can be watched too.';
  static override examples = [
    '<%= config.bin %> xenstore watch /local/domain',
    { description: 'Until a node changes once:', command: '<%= config.bin %> xenstore watch -n 2 /tool/motd' },
    { description: 'One JSON object a line:', command: '<%= config.bin %> xenstore watch --json @releaseDomain' },
  ];
  static override args = { path: someWords('Nodes.') };
  static override flags = { number: count({ char: 'n', description: 'End after so many lines.' }) };

  protected override readonly jsonLines = true;

  async run() {
    const { args, flags } = await this.parse(XenstoreWatch);
    await this.store(async (store) => {
      const enough = Promise.withResolvers<void>();
      let left = flags.number ?? Number.POSITIVE_INFINITY;
      const listener = (path: string) => {
        if (left-- <= 0) return;
        process.stdout.write(`${this.jsonEnabled() ? JSON.stringify({ path }) : path}\n`);
        if (left === 0) enough.resolve();
      };
      for (const path of args.path) {
        await refused(store.watch(path, { listener }).ready, () => `Unable to add watch on ${path}`);
      }
      await Promise.race([enough.promise, store.closed]);
      if (left > 0) throw lost();
    });
  }
}
