// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { someWords } from '../../src/cli/args.ts';
import { commonFlags, XenstoreCommand } from '../../src/cli/xenstore/command.ts';
import { refused } from '../../src/cli/xenstore/refusals.ts';
import { escapeValue } from '../../src/cli/xenstore/values.ts';

export default class XenstoreRead extends XenstoreCommand {
  static override description = 'Print values of xenstore, several as they were at one moment.';
  static override examples = [
    '<%= config.bin %> xenstore read /local/domain/1/name',
    '<%= config.bin %> xenstore read -p /tool/a /tool/b',
    '<%= config.bin %> xenstore read -R /tool/icon > icon.png',
  ];
  static override args = { path: someWords('Nodes.') };
  static override flags = {
    ...commonFlags,
    prefix: boolean({ char: 'p', description: 'The path before each value.' }),
    raw: boolean({ char: 'R', description: 'The bytes as they are: nothing escaped, no newlines.' }),
  };

  async run() {
    const { args, flags } = await this.parse(XenstoreRead);
    const shown: Uint8Array[] = [];
    const values: Record<string, string> = {};
    try {
      await this.transaction(async (tx) => {
        shown.length = 0;
        for (const path of args.path) {
          const value = await refused(tx.readBuffer(path), () => `couldn't read path ${path}`);
          const text = flags.raw ? value : Buffer.from(`${escapeValue(value)}\n`);
          shown.push(Buffer.from(flags.prefix ? `${path}: ` : ''), text);
          values[path] = Buffer.from(value).toString();
        }
      });
    } finally {
      // What was read before one that failed.
      this.print(Buffer.concat(shown));
    }
    return values;
  }
}
