// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { someWords } from '../../src/cli/args.ts';
import { usageError } from '../../src/cli/failure.ts';
import { commonFlags, XenstoreCommand } from '../../src/cli/xenstore/command.ts';
import { refused } from '../../src/cli/xenstore/refusals.ts';
import { unescapeValue } from '../../src/cli/xenstore/values.ts';

export default class XenstoreWrite extends XenstoreCommand {
  static override description =
    'Write values into xenstore, all or none.\nPaths and values take turns. In a value, \\n \\t \\r \\\\ \\xHH \\OOO stand for a byte.';
  static override examples = [
    '<%= config.bin %> xenstore write /tool/motd hello',
    "<%= config.bin %> xenstore write /tool/a 1 /tool/b 'two\\nlines'",
    '<%= config.bin %> xenstore write -R /tool/path "C:\\temp"',
  ];
  static override args = { pairs: someWords('Nodes, each followed by its value.') };
  static override flags = {
    ...commonFlags,
    raw: boolean({ char: 'R', description: 'Values as they are: a backslash is a backslash.' }),
  };

  async run() {
    const { args, flags } = await this.parse(XenstoreWrite);
    const pairs = Array.from({ length: Math.ceil(args.pairs.length / 2) }, (_, at) =>
      args.pairs.slice(2 * at, 2 * at + 2),
    );
    if (args.pairs.length % 2 === 1) throw usageError(`${args.pairs.at(-1)} has no value.`);
    await this.transaction(async (tx) => {
      for (const [path = '', value = ''] of pairs) {
        await refused(tx.write(path, flags.raw ? value : unescapeValue(value)), () => `could not write path ${path}`);
      }
    });
    return { written: pairs.map(([path]) => path) };
  }
}
