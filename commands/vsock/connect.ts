// SPDX-License-Identifier: Apache-2.0
import { domain } from '../../src/cli/args.ts';
import { XmCommand } from '../../src/cli/command.ts';
import { seconds } from '../../src/cli/flags.ts';
import { pipeThrough } from '../../src/cli/pipe.ts';
import { port } from '../../src/cli/port.ts';

export default class VsockConnect extends XmCommand {
  static override description =
    'Connect to a port of a domain: stdin goes there, what comes from it to stdout.\nThe end here is that of Domain-0, which has to be allowed to talk to the domain: see idc-setup. It ends when the other end does, and tells it of the end of stdin after a while of silence.';
  static override examples = [
    '<%= config.bin %> vsock connect demo 7',
    "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | <%= config.bin %> vsock connect web 80",
  ];
  static override args = { domain: domain(), port: port() };
  static override flags = {
    linger: seconds({ description: 'Seconds of silence after the end of stdin. Default: 0.' }),
  };

  async run() {
    const { args, flags } = await this.parse(VsockConnect);
    const { socket } = await this.call('vsock.node', args);
    const { linger = 0 } = flags;
    return { ...args, ...(await pipeThrough(socket, { linger, collect: this.jsonEnabled() })) };
  }
}
