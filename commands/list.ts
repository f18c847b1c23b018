// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domains } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { listTable } from '../src/cli/format/list.ts';

export default class List extends XmCommand {
  static override description =
    'List domains.\nState: r running, b blocked, p paused, s shut down, c crashed, d dying.';
  static override examples = [
    '<%= config.bin %> list',
    '<%= config.bin %> list -l web',
    '<%= config.bin %> list --json | jq .[].name',
  ];
  static override args = { domain: domains() };
  static override flags = { long: boolean({ char: 'l', description: 'Everything about each domain, as SXP.' }) };

  async run() {
    const { args, flags } = await this.parse(List);
    const names = args.domain?.length ? { names: args.domain } : {};
    if (flags.long) {
      const { sxp, records } = await this.call('domain.records', names);
      this.print(sxp);
      return records;
    }
    const found = await this.call('domain.list', names);
    this.print(listTable(found));
    return found;
  }
}
