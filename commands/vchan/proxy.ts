// SPDX-License-Identifier: Apache-2.0
import { domain, role, word } from '../../src/cli/args.ts';
import { XmCommand } from '../../src/cli/command.ts';
import { bytes } from '../../src/cli/flags.ts';
import { runProxy } from '../../src/cli/proxy.ts';

export default class VchanProxy extends XmCommand {
  static override description =
    "Put a unix socket at Domain-0's end of vchans, one connection after another.\nA client listens on the socket, and has a channel for each who connects, as soon as there is a server. A server connects to the socket when a client of the channel has come. Runs until it is stopped, or the domain has gone.";
  static override examples = [
    '<%= config.bin %> vchan proxy client web http /tmp/web.sock & curl --unix-socket /tmp/web.sock http://web/',
    {
      description: "Let a domain reach a socket of the host's:",
      command: '<%= config.bin %> vchan proxy server demo postgres /run/postgresql/.s.PGSQL.5432 --read 65536',
    },
  ];
  static override args = {
    role: role(),
    domain: domain(),
    path: word('Name of the channel, or its path in xenstore.'),
    socket: word('Path of the unix socket.'),
  };
  static override flags = {
    read: bytes({ description: 'Least size of the ring that a server reads. Default: 0, which gives a small one.' }),
    write: bytes({ description: 'Least size of the ring that a server writes.' }),
  };

  async run() {
    const { args, flags } = await this.parse(VchanProxy);
    const { socket: path, ...end } = args;
    // A client asks for its channel only when somebody connects: a wrong name is to be said at once.
    await this.call('domain.list', { names: [end.domain] });
    const { read: left = 0, write: right = 0 } = flags;
    const open = async () => (await this.call('vchan.node', { ...end, left, right, wait: true })).socket;
    const served = await runProxy({ role: end.role, open, path, say: (line) => this.notice(line) });
    return { ...end, socket: path, served };
  }
}
