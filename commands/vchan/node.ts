// SPDX-License-Identifier: Apache-2.0
import { domain, role, word } from '../../src/cli/args.ts';
import { XmCommand } from '../../src/cli/command.ts';
import { bytes, seconds } from '../../src/cli/flags.ts';
import { pipeThrough } from '../../src/cli/pipe.ts';

export default class VchanNode extends XmCommand {
  static override description =
    "Be one end of a vchan: stdin goes to the domain, what comes from it to stdout.\nThe end is Domain-0's. A server waits for its client; a client needs a server that is there. It ends when the other end closes, or a while after the end of stdin.";
  static override examples = [
    '<%= config.bin %> vchan node client demo echo',
    'tar c . | <%= config.bin %> vchan node server demo backup --write 65536 --linger 0',
    {
      description: 'A path in xenstore instead of a name below /local/domain/SERVER/data/vchan/CLIENT:',
      command: '<%= config.bin %> vchan node client demo /local/domain/3/data/mine',
    },
  ];
  static override args = {
    role: role(),
    domain: domain(),
    path: word('Name of the channel, or its path in xenstore.'),
  };
  static override flags = {
    read: bytes({ description: 'Least size of the ring that a server reads. Default: 0, which gives a small one.' }),
    write: bytes({ description: 'Least size of the ring that a server writes.' }),
    linger: seconds({ description: 'Seconds of silence after the end of stdin. Default: 1.' }),
  };

  async run() {
    const { args, flags } = await this.parse(VchanNode);
    const { read: left = 0, write: right = 0, linger } = flags;
    const { socket, ...channel } = await this.call('vchan.node', { ...args, left, right });
    const { role } = args;
    return { role, ...channel, ...(await pipeThrough(socket, { linger, collect: this.jsonEnabled() })) };
  }
}
