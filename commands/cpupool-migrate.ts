// SPDX-License-Identifier: Apache-2.0
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';

export default class CpupoolMigrate extends XmCommand {
  static override description =
    'Have a domain live in another pool of threads.\nA domain that runs cannot leave its thread, which is said; its configuration names the pool in which it starts.';
  static override examples = ['<%= config.bin %> cpupool-migrate demo workers', '<%= config.bin %> list -c name,pool'];
  static override args = { domain: domain(), pool: word('The pool.') };

  async run() {
    const { args } = await this.parse(CpupoolMigrate);
    await this.call('pool.migrate', args);
    return args;
  }
}
