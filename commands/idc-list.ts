// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../src/cli/command.ts';
import { ENDPOINT_COLUMNS, idcTable } from '../src/cli/format/idc.ts';
import { list, listing } from '../src/cli/listing.ts';

export default class IdcList extends XmCommand {
  static override description =
    'List the endpoints of the IDC API in all domains.\nInc: number of the end at its address, one more after each disconnect. Conns: connections so far. InFl: requests that the peer has not answered. Queue: those that wait for a place in flight. Held: requests of the peer that are not answered. Quota, Bytes: most requests in flight each way, and most bytes of one. Bufs: buffers that the endpoint has registered.';
  static override examples = [
    '<%= config.bin %> idc-list',
    {
      description: 'Addresses at which nobody is connected:',
      command: `<%= config.bin %> idc-list --json | jq '.[] | select(.state != "connected").address'`,
    },
  ];

  static override flags = listing;

  async run() {
    const { flags } = await this.parse(IdcList);
    const { endpoints, silent } = await this.call('idc.list', {});
    for (const name of silent) this.notice(`Domain '${name}' does not answer: its endpoints are not shown.`);
    const { text, value } = await list('endpoint', endpoints, ENDPOINT_COLUMNS, flags, idcTable);
    this.print(text);
    return value;
  }
}
