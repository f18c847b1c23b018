// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { linkTable } from '../../src/cli/format/vsock.ts';

export default class VsockList extends XmCommand {
  static override description =
    'List which domains may talk over virtual sockets, and their links.\nA line for each end. A link is there (up) while somebody has a connection, and shortly after. Conns: connections of the link.';
  static override examples = [
    '<%= config.bin %> vsock list',
    {
      description: 'Links that broke:',
      command: `<%= config.bin %> vsock list --json | jq '.[] | select(.problem != "")'`,
    },
  ];

  async run() {
    await this.parse(VsockList);
    const { links, silent } = await this.call('vsock.list', {});
    for (const name of silent) this.notice(`Domain '${name}' does not answer: its links are not shown.`);
    this.print(linkTable(links));
    return links;
  }
}
