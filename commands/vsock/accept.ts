// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../../src/cli/command.ts';
import { seconds } from '../../src/cli/flags.ts';
import { pipeThrough } from '../../src/cli/pipe.ts';
import { port } from '../../src/cli/port.ts';

export default class VsockAccept extends XmCommand {
  static override description =
    'Wait for a domain to connect to a port of Domain-0: stdin goes there, what comes from it to stdout.\nOnly domains that may talk to Domain-0 can: see idc-setup. It ends with that connection.';
  static override examples = [
    '<%= config.bin %> vsock accept 4000',
    'tar c . | <%= config.bin %> vsock accept 4001 > answer',
  ];
  static override args = { port: port() };
  static override flags = {
    linger: seconds({ description: 'Seconds of silence after the end of stdin. Default: 0.' }),
  };

  async run() {
    const { args, flags } = await this.parse(VsockAccept);
    const { socket } = await this.call('vsock.node', args);
    const { linger = 0 } = flags;
    return { ...args, ...(await pipeThrough(socket, { linger, collect: this.jsonEnabled() })) };
  }
}
