// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { someWords, word } from '../../src/cli/args.ts';
import { commonFlags, XenstoreCommand } from '../../src/cli/xenstore/command.ts';
import { mustBeAbsolute, parentsOf } from '../../src/cli/xenstore/paths.ts';
import { checkModes } from '../../src/cli/xenstore/perms.ts';
import { reasonOf, refused } from '../../src/cli/xenstore/refusals.ts';
import { walkTree } from '../../src/cli/xenstore/tree.ts';

export default class XenstoreChmod extends XenstoreCommand {
  static override description =
    'Set the permissions of a node of xenstore.\nA mode is a letter and a domain: n nothing, r read, w write, b both. The first names the owner, and what all others may.';
  static override examples = [
    '<%= config.bin %> xenstore chmod /tool/motd n0 r1 b2',
    '<%= config.bin %> xenstore chmod -r /tool/shared b0',
  ];
  static override args = { path: word('Node.'), modes: someWords('Modes, such as n0 r5.') };
  static override flags = {
    ...commonFlags,
    recurse: boolean({ char: 'r', description: 'Everything below too.' }),
    upto: boolean({ char: 'u', description: 'Nodes above too, but for the root.' }),
  };

  async run() {
    const { args, flags } = await this.parse(XenstoreChmod);
    const { path, modes } = args;
    checkModes(modes);
    if (flags.upto) mustBeAbsolute(path);
    const changed = await this.transaction(async (tx) => {
      const paths = [path];
      if (flags.upto) paths.push(...parentsOf(path));
      if (flags.recurse) for await (const entry of walkTree(tx, path, false)) paths.push(entry.path);
      for (const each of paths) {
        const problem = `Error occurred setting permissions on '${each}'`;
        await refused(tx.setPerms(each, modes), (errno) => `${problem}: ${reasonOf(errno)}`);
      }
      return paths;
    });
    return { changed, modes };
  }
}
